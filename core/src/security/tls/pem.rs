//! What is in files of certificates and keys.

use std::time::SystemTime;

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use x509_parser::prelude::*;

use crate::security::{
    SecurityError,
    error::NamedFile,
    secret_file::{Guarded, read},
};

/// The certificates in a file, at least one.
pub(super) fn certificates(
    file: &NamedFile,
) -> Result<Vec<CertificateDer<'static>>, SecurityError> {
    let bytes = read(file, Guarded::FromWriting)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(file.content(
            "holds no certificate in PEM",
            "it has to begin with -----BEGIN CERTIFICATE-----",
        )),
    }
}

/// The key in a file that only its owner can read.
pub(super) fn key(file: &NamedFile) -> Result<PrivateKeyDer<'static>, SecurityError> {
    let bytes = read(file, Guarded::FromReading)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        file.content(
            "holds no key in PEM that can be read",
            "give a PKCS#8, PKCS#1 or SEC1 key without a password \
             (openssl pkey -in OLD -out NEW takes a password off)",
        )
    })
}

/// The CAs in a file.
pub(super) fn roots(file: &NamedFile) -> Result<RootCertStore, SecurityError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| {
            file.content(
                format!("holds a certificate that cannot be used: {error}"),
                "give the certificate of the CA that signs those of the clients",
            )
        })?;
    }
    Ok(roots)
}

/// What is to be said of the time a certificate is valid, if anything.
pub(super) fn untimely(der: &[u8], now: SystemTime) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    let now = ASN1Time::from_timestamp(i64::try_from(now).ok()?).ok()?;
    let validity = certificate.validity();
    if validity.not_after < now {
        return Some(format!("expired at {}", validity.not_after));
    }
    (validity.not_before > now).then(|| format!("is not valid before {}", validity.not_before))
}
