//! The files and rules that TLS of a listener is made of.

use std::{path::Path, sync::Arc, time::SystemTime};

use rustls::{
    ServerConfig, SupportedProtocolVersion,
    server::{VerifierBuilderError, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};

use super::{PROVIDER, pem};
use crate::{
    config,
    security::{
        Scope, Scopes, SecurityError, certificate::Clients, error::NamedFile, stamp::Stamp,
    },
};

/// The files and rules that TLS of a listener is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::security) struct TlsFiles {
    pub(in crate::security) certificate: NamedFile,
    pub(in crate::security) key: NamedFile,
    pub(in crate::security) client_ca: Option<NamedFile>,
    /// Whether a client without a certificate of the CA is turned away.
    pub(in crate::security) require_client: bool,
    pub(in crate::security) clients: Clients,
    pub(in crate::security) versions: Versions,
    pub(in crate::security) http2: bool,
}

/// The versions of TLS that are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::security) enum Versions {
    #[default]
    Both,
    Only12,
    Only13,
}

impl Versions {
    fn list(self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
        match self {
            Self::Both => &ALL,
            Self::Only12 => &ALL[..1],
            Self::Only13 => &ALL[1..],
        }
    }
}

impl TlsFiles {
    /// What a section of the configuration asks for; nothing where it has no certificate.
    /// `section` is its name, for messages: `agent.tls`.
    pub(super) fn of(section: &str, tls: &config::Tls) -> Result<Option<Self>, SecurityError> {
        if let Some(fault) = crate::security::settings::tls(section, tls)
            .into_iter()
            .next()
        {
            return Err(fault.into());
        }
        let named = |key: &str, path: &Path| NamedFile::new(format!("{section}.{key}"), path);
        let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) else {
            return Ok(None);
        };
        let client_ca = tls.client_ca.as_deref();
        let clients = tls.clients.iter();
        Ok(Some(Self {
            certificate: named("certificate", certificate),
            key: named("key", key),
            client_ca: client_ca.map(|path| named("client_ca", path)),
            require_client: tls.require_client_certificate,
            clients: Clients {
                named: clients
                    .map(|client| {
                        let scopes = client.scopes.iter().copied().map(Scope::from);
                        (client.name.clone(), scopes.collect())
                    })
                    .collect(),
                others: Scopes::ALL,
                by_common_name: true,
            },
            versions: Versions::Both,
            http2: true,
        }))
    }

    /// Reads the files.
    pub(super) fn load(&self) -> Result<ServerConfig, SecurityError> {
        let chain = pem::certificates(&self.certificate)?;
        let key = pem::key(&self.key)?;
        let late = chain
            .first()
            .and_then(|own| pem::untimely(own, SystemTime::now()));
        if let Some(late) = late {
            let (setting, path) = (&self.certificate.setting, &self.certificate.path);
            tracing::warn!("{setting}: the certificate in {} {late}", path.display());
        }
        let unfit = |error: rustls::Error| self.unfit(&error);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_protocol_versions(self.versions.list())
            .map_err(unfit)?;
        let builder = match self.verifier()? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(unfit)?;
        let protocols: &[&[u8]] = if self.http2 {
            &[b"h2", b"http/1.1"]
        } else {
            &[b"http/1.1"]
        };
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(config)
    }

    /// Changes when one of the files does.
    pub(super) fn stamps(&self) -> [Option<Stamp>; 3] {
        let ca = self.client_ca.as_ref();
        [
            Stamp::of(&self.certificate.path),
            Stamp::of(&self.key.path),
            ca.and_then(|file| Stamp::of(&file.path)),
        ]
    }

    fn verifier(&self) -> Result<Option<Arc<dyn ClientCertVerifier>>, SecurityError> {
        let Some(ca) = &self.client_ca else {
            return Ok(None);
        };
        let roots = Arc::new(pem::roots(ca)?);
        let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&PROVIDER));
        let builder = if self.require_client {
            builder
        } else {
            builder.allow_unauthenticated()
        };
        let unfit = |error: VerifierBuilderError| {
            ca.content(
                format!("cannot be used: {error}"),
                "give the certificate of the CA that signs those of the clients",
            )
        };
        builder.build().map(Some).map_err(unfit)
    }

    fn unfit(&self, error: &rustls::Error) -> SecurityError {
        match error {
            rustls::Error::InconsistentKeys(_) => self.key.content(
                format!(
                    "is not the key of the certificate in {}",
                    self.certificate.path.display()
                ),
                "give the two that belong together, the program's own certificate first in its file",
            ),
            error => self.certificate.content(
                format!("cannot be used with {}: {error}", self.key.path.display()),
                "give an X.509 certificate of version 3 with an RSA, ECDSA or Ed25519 key",
            ),
        }
    }
}
