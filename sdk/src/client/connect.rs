//! TLS, as the settings want it.

use std::path::Path;

use gaxx_sdk::{Error, Result};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use super::settings::{Tls, read};

/// TLS, as the settings want it.
pub(super) fn tls(settings: &Tls) -> Result<TlsConfig> {
    let own = match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates("tls.certificate", certificate)?;
            Some(ClientCert::new_with_certs(&chain, private_key(key)?))
        }
        (None, None) => None,
        (certificate, _) => {
            let missing = if certificate.is_some() {
                "key"
            } else {
                "certificate"
            };
            let fault =
                format!("tls.{missing} is missing: tls.certificate and tls.key go together");
            return Err(Error::settings(fault));
        }
    };
    let trusted = match &settings.ca {
        Some(path) => RootCerts::new_with_certs(&certificates("tls.ca", path)?),
        None => RootCerts::WebPki,
    };
    Ok(TlsConfig::builder()
        .root_certs(trusted)
        .client_cert(own)
        .disable_verification(settings.insecure_skip_verify)
        .build())
}

fn certificates(setting: &str, path: &Path) -> Result<Vec<Certificate<'static>>> {
    let pem = read(setting, path)?;
    let items = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = items.collect();
    if certificates.is_empty() {
        let fault = format!("{setting}: {} holds no certificate in PEM", path.display());
        return Err(Error::settings(fault));
    }
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<PrivateKey<'static>> {
    let pem = read("tls.key", path)?;
    PrivateKey::from_pem(&pem).map_err(|_| {
        // What is wrong with it may repeat it.
        Error::settings(format!("tls.key: {} holds no key in PEM", path.display()))
    })
}
