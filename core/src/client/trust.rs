//! Whom a client trusts, and by what it is known itself.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_rustls::rustls::{
    self, ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use super::private::{self, PrivateFileError};

/// Keys and chains are small; a larger file is another one.
const LONGEST: u64 = 1 << 20;

/// The files that say whom to trust and who the caller is, in PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustFiles {
    /// The certificates that sign the agents'. Without it: those that the system trusts.
    pub ca: Option<PathBuf>,
    /// The caller's certificate, and what is between it and its CA.
    pub certificate: Option<PathBuf>,
    /// The certificate's key.
    pub key: Option<PathBuf>,
}

/// What is needed to speak TLS with agents. Clones share it.
#[derive(Debug, Clone)]
pub struct Trust(Arc<ClientConfig>);

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file of certificates does not serve.
    #[error("{what} {}: {why}; give a file of certificates in PEM", file.display())]
    Certificates {
        /// What the file is for.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The key does not serve.
    #[error("the client's key {}: {why}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The key cannot be read, or is open to others.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// One of certificate and key is missing.
    #[error(
        "the client's {there} is set and its {missing} is not: give both, or neither (--certificate and --key, GAXX_CLIENT_CERT and GAXX_CLIENT_KEY, or client.certificate and client.key)"
    )]
    Half {
        /// What is set.
        there: &'static str,
        /// What is not.
        missing: &'static str,
    },
    /// The system trusts nobody.
    #[error("the system has no certificates to trust ({why}): name the agents' CA with --ca, GAXX_CLIENT_CA or client.ca")]
    NoRoots {
        /// What was found.
        why: String,
    },
}

impl TrustFiles {
    /// Whether any is named: who names one means TLS.
    pub fn any(&self) -> bool {
        self != &Self::default()
    }
}

impl Trust {
    /// Reads the files.
    pub fn read(files: &TrustFiles) -> Result<Self, TrustError> {
        let roots = match &files.ca {
            Some(file) => roots_of(file)?,
            None => system_roots()?,
        };
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring serves the protocol versions that rustls has by default")
            .with_root_certificates(roots);
        let config = match (&files.certificate, &files.key) {
            (None, None) => config.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let chain = certificates("the client's certificate", certificate)?;
                let refused = |error: rustls::Error| TrustError::Key {
                    file: key.clone(),
                    why: format!("does not fit the certificate {}: {error}", certificate.display()),
                };
                config
                    .with_client_auth_cert(chain, private_key(key)?)
                    .map_err(refused)?
            }
            (Some(_), None) => return Err(half("certificate", "key")),
            (None, Some(_)) => return Err(half("key", "certificate")),
        };
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

fn half(there: &'static str, missing: &'static str) -> TrustError {
    TrustError::Half { there, missing }
}

fn roots_of(file: &Path) -> Result<RootCertStore, TrustError> {
    let what = "the CA's certificate";
    let mut roots = RootCertStore::empty();
    for certificate in certificates(what, file)? {
        roots
            .add(certificate)
            .map_err(|error| unfit(what, file, &error))?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, TrustError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // One that cannot be read is the system's matter; what it would have proved is not trusted.
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = found.errors.first().map(ToString::to_string);
        return Err(TrustError::NoRoots {
            why: why.unwrap_or_else(|| "none are installed".to_owned()),
        });
    }
    Ok(roots)
}

/// The certificates of a file, at least one.
fn certificates(
    what: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let bytes = fs::read(file).map_err(|error| unfit(what, file, &error))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let read = read.map_err(|error| unfit(what, file, &error))?;
    if read.is_empty() {
        return Err(unfit(what, file, &"it holds no certificate"));
    }
    Ok(read)
}

fn unfit(what: &'static str, file: &Path, why: &impl ToString) -> TrustError {
    TrustError::Certificates {
        what,
        file: file.to_owned(),
        why: why.to_string(),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TrustError> {
    let bytes = private::read(file, LONGEST)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| TrustError::Key {
        file: file.to_owned(),
        why: format!("is no key in PEM: {error}"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::client::fake::Authority;

    fn message(files: &TrustFiles) -> String {
        Trust::read(files).unwrap_err().to_string()
    }

    #[test]
    fn certificate_and_key_go_together_and_the_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path());
        let (certificate, key) = authority.issue("caller");
        let files = TrustFiles {
            ca: Some(authority.certificate()),
            certificate: Some(certificate),
            key: Some(key.clone()),
        };
        Trust::read(&files).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(message(&files).contains("chmod 600"));
        let half = TrustFiles { key: None, ..files.clone() };
        assert!(message(&half).contains("certificate is set and its key is not"));
        let half = TrustFiles { certificate: None, ..files };
        assert!(message(&half).contains("key is set and its certificate is not"));
    }

    #[test]
    fn what_is_no_certificate_and_what_does_not_fit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path());
        let (certificate, _) = authority.issue("one");
        let (_, other) = authority.issue("two");
        let empty = folder.path().join("empty");
        fs::write(&empty, "nothing").unwrap();
        let ca = |file: &Path| TrustFiles {
            ca: Some(file.to_owned()),
            ..TrustFiles::default()
        };
        assert!(message(&ca(&empty)).contains("holds no certificate"));
        assert!(message(&ca(&folder.path().join("none"))).contains("No such file"));
        let crossed = TrustFiles {
            certificate: Some(certificate),
            key: Some(other),
            ..ca(&authority.certificate())
        };
        assert!(message(&crossed).contains("does not fit the certificate"));
    }
}
