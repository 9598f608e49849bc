//! A CA, and the certificates of an agent and its client.
//!
//! All keys are of the curve P-256 (FIPS 186-5), which every TLS library takes; the certificates
//! are those of RFC 5280.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::files::InitError;

const DAY: Duration = Duration::from_hours(24);
/// How long the CA lasts.
const CA_LIFE: Duration = Duration::from_hours(24 * 3650);
/// How long other certificates last: the longest that some clients still take.
const LIFE: Duration = Duration::from_hours(24 * 825);

/// A CA that signs.
pub(super) struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// Whose certificate is made.
pub(super) struct Subject<'a> {
    name: &'a str,
    names: Vec<String>,
    purpose: ExtendedKeyUsagePurpose,
}

/// A certificate and its key, in PEM.
pub(super) struct Signed {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl<'a> Subject<'a> {
    /// An agent, which is reached by these names and addresses.
    pub(super) fn server(name: &'a str, names: Vec<String>) -> Self {
        Self {
            name,
            names,
            purpose: ExtendedKeyUsagePurpose::ServerAuth,
        }
    }

    /// A client.
    pub(super) fn client(name: &'a str) -> Self {
        Self {
            name,
            names: Vec::new(),
            purpose: ExtendedKeyUsagePurpose::ClientAuth,
        }
    }
}

impl Authority {
    /// A new CA, named after the node it was made for.
    pub(super) fn new(node: &str) -> Result<Self, InitError> {
        let key = new_key()?;
        let mut params = parameters(&format!("gaxx-mon CA of {node}"), Vec::new(), CA_LIFE)?;
        // It signs no further CAs.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// The CA that an earlier init has made in this folder.
    pub(super) fn read(folder: &Path) -> Result<Self, InitError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|source| InitError::Read { path, source })
        };
        let (certificate, key) = (read("ca.pem")?, read("ca.key")?);
        let unfit = |error: rcgen::Error| InitError::Authority {
            folder: folder.to_owned(),
            reason: error.to_string(),
        };
        let key = KeyPair::from_pem(&key).map_err(unfit)?;
        let issuer = Issuer::from_ca_cert_pem(&certificate, key).map_err(unfit)?;
        Ok(Self {
            certificate,
            issuer,
        })
    }

    /// Its certificate, in PEM.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Its key, in PEM.
    pub(super) fn key(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A new key for this subject, and the certificate of it.
    pub(super) fn sign(&self, subject: &Subject<'_>) -> Result<Signed, InitError> {
        let key = new_key()?;
        let mut params = parameters(subject.name, subject.names.clone(), LIFE)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![subject.purpose.clone()];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Signed {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

fn new_key() -> Result<KeyPair, InitError> {
    Ok(KeyPair::generate()?)
}

fn parameters(
    name: &str,
    names: Vec<String>,
    life: Duration,
) -> Result<CertificateParams, InitError> {
    let what = names.join(", ");
    let mut params = CertificateParams::new(names).map_err(|error| InitError::Name {
        what,
        reason: error.to_string(),
    })?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    let now = SystemTime::now();
    // Clocks differ.
    let [begin, end] = [now - DAY, now + life].map(|time| {
        let (year, month, day) = date(time);
        date_time_ymd(year, month, day)
    });
    (params.not_before, params.not_after) = (begin, end);
    Ok(params)
}

/// Year, month and day, in UTC.
fn date(time: SystemTime) -> (i32, u8, u8) {
    let text = humantime::format_rfc3339_seconds(time).to_string();
    let mut parts = text.split(['-', 'T']);
    let mut part = || parts.next().and_then(|part| part.parse().ok());
    let year = part().unwrap_or(1970);
    let mut small = || part().and_then(|part| u8::try_from(part).ok()).unwrap_or(1);
    (year, small(), small())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |days: u32| date(SystemTime::UNIX_EPOCH + DAY * days);
        assert_eq!(at(0), (1970, 1, 1));
        assert_eq!(at(20_820), (2027, 1, 2));
        assert_eq!(at(11_016), (2000, 2, 29));
    }
}
