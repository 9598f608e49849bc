//! TLS of a client: whom it trusts, and by what it is known itself.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{ClientConfig, RootCertStore};

use super::{PROVIDER, pem};
use crate::security::{SecurityError, error::NamedFile};

/// How the files are named by flags, variables and keys, for messages.
const CA: &str = "--ca, GAXX_CLIENT_CA or client.ca";
const CERTIFICATE: &str = "--certificate, GAXX_CLIENT_CERT or client.certificate";
const KEY: &str = "--key, GAXX_CLIENT_KEY or client.key";

/// The files that say whom a client trusts and who it is, in PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientTlsFiles {
    /// The CA of the servers' certificates. Without it: those that the system trusts.
    pub ca: Option<PathBuf>,
    /// The client's certificate, and what is between it and its CA.
    pub certificate: Option<PathBuf>,
    /// Its key, which only its owner may read.
    pub key: Option<PathBuf>,
}

impl ClientTlsFiles {
    /// Whether any is named: who names one means TLS.
    pub fn any(&self) -> bool {
        self != &Self::default()
    }
}

/// What a client needs to speak TLS. Clones share it.
#[derive(Debug, Clone)]
pub struct ClientTls(Arc<ClientConfig>);

impl ClientTls {
    /// Reads the files.
    pub fn read(files: &ClientTlsFiles) -> Result<Self, SecurityError> {
        let roots = match &files.ca {
            Some(file) => roots(file)?,
            None => system_roots()?,
        };
        let config = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_safe_default_protocol_versions()
            .expect("ring serves the protocol versions that rustls has by default")
            .with_root_certificates(roots);
        let config = match (&files.certificate, &files.key) {
            (None, None) => config.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let chain = pem::certificates(&NamedFile::new(CERTIFICATE, certificate))?;
                let key = NamedFile::new(KEY, key);
                let unfit = |error: rustls::Error| {
                    key.content(
                        format!("does not fit {}: {error}", certificate.display()),
                        "give the certificate and the key that belong together",
                    )
                };
                config
                    .with_client_auth_cert(chain, pem::key(&key)?)
                    .map_err(unfit)?
            }
            (Some(_), None) => {
                return Err(missing(KEY, "the certificate without it proves nothing"));
            }
            (None, Some(_)) => return Err(missing(CERTIFICATE, "the key is of no use without it")),
        };
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

fn missing(setting: &str, why: &str) -> SecurityError {
    SecurityError::Setting {
        setting: setting.to_owned(),
        fault: format!("is missing, and {why}"),
        remedy: "give both, or neither".to_owned(),
    }
}

fn roots(path: &Path) -> Result<RootCertStore, SecurityError> {
    let file = NamedFile::new(CA, path);
    let mut roots = RootCertStore::empty();
    for certificate in pem::certificates(&file)? {
        roots.add(certificate).map_err(|error| {
            file.content(
                format!("holds a certificate that cannot be used: {error}"),
                "give the certificate of the CA that signs those of the agents",
            )
        })?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, SecurityError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // One that cannot be read is the system's matter; what it would have proved is not trusted.
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(roots);
    }
    Err(SecurityError::Setting {
        setting: CA.to_owned(),
        fault: "is not set, and the system has no certificates that it trusts".to_owned(),
        remedy: "name the CA of the agents' certificates".to_owned(),
    })
}
