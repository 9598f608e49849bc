//! What the certificate of a client says about who it is.

use std::net::IpAddr;

use x509_parser::{extensions::GeneralName, prelude::*};

use super::{Caller, Proof, Scopes};

/// Longest name that is taken from a certificate, in characters.
const MAX_NAME: usize = 200;

/// Who is at the other end of a connection, as TLS found out. The chain was verified before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// It showed no certificate.
    None,
    /// It may come.
    Known(Caller),
    /// None of its names may come; this is one of them.
    Stranger(String),
}

/// Which clients may come, of those whose certificate is of the right CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clients {
    /// A name, and what a client of that name may do. Empty: all may come.
    pub(super) named: Vec<(String, Scopes)>,
    /// What a client may do where none are named.
    pub(super) others: Scopes,
    /// Whether the common name counts beside the alternative names.
    pub(super) by_common_name: bool,
}

impl Clients {
    /// Judges a verified certificate.
    pub(super) fn judge(&self, der: &[u8]) -> Certificate {
        // The chain was verified by a parser of its own; a certificate that this one cannot read
        // has no name that could be allowed.
        let names = Names::read(der).unwrap_or_default();
        if self.named.is_empty() {
            return known(names.shown(), self.others);
        }
        let mut fitting = self
            .named
            .iter()
            .filter(|(name, _)| names.contain(name, self.by_common_name));
        match fitting.next() {
            None => Certificate::Stranger(names.shown()),
            Some((name, scopes)) => {
                let scopes = fitting.fold(*scopes, |all, (_, more)| all.or(*more));
                known(name.clone(), scopes)
            }
        }
    }
}

fn known(name: String, scopes: Scopes) -> Certificate {
    Certificate::Known(Caller {
        name,
        scopes,
        proof: Proof::Certificate,
    })
}

/// The names in a certificate.
#[derive(Debug, Default)]
struct Names {
    common: Option<String>,
    alternative: Vec<String>,
}

impl Names {
    fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let common = certificate
            .subject()
            .iter_common_name()
            .find_map(|name| name.as_str().ok())
            .map(str::to_owned);
        let alternative = certificate
            .subject_alternative_name()
            .ok()
            .flatten()
            .map(|extension| extension.value.general_names.iter())
            .into_iter()
            .flatten()
            .filter_map(text)
            .collect();
        Some(Self {
            common,
            alternative,
        })
    }

    fn contain(&self, name: &str, common: bool) -> bool {
        let common = self.common.iter().filter(|_| common);
        // Names of hosts know no case; an address that differs in case only is not worth telling apart.
        self.alternative
            .iter()
            .chain(common)
            .any(|own| own.eq_ignore_ascii_case(name))
    }

    /// The name for people and records.
    fn shown(self) -> String {
        let first = self.common.into_iter().chain(self.alternative).next();
        first.map_or_else(
            || "a certificate without a name".to_owned(),
            |name| {
                name.chars()
                    .filter(|c| !c.is_control())
                    .take(MAX_NAME)
                    .collect()
            },
        )
    }
}

fn text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) | GeneralName::URI(text) | GeneralName::RFC822Name(text) => {
            Some((*text).to_owned())
        }
        GeneralName::IPAddress(bytes) => {
            let address = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = address.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;
    use crate::security::Scope;

    fn certificate(common: &str, alternative: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common);
        params.subject_alt_names = alternative;
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    fn clients(names: &[&str]) -> Clients {
        let scopes = Scopes::NONE.with(Scope::Exec);
        Clients {
            named: names
                .iter()
                .map(|name| ((*name).to_owned(), scopes))
                .collect(),
            others: Scopes::ALL,
            by_common_name: true,
        }
    }

    fn name(certificate: &Certificate) -> &str {
        match certificate {
            Certificate::None => "",
            Certificate::Known(caller) => &caller.name,
            Certificate::Stranger(name) => name,
        }
    }

    #[test]
    fn a_client_is_known_by_any_of_its_names() {
        let der = certificate(
            "Controller",
            vec![
                SanType::DnsName("ctl.example".try_into().unwrap()),
                SanType::URI("spiffe://example/ctl".try_into().unwrap()),
                SanType::Rfc822Name("ops@example.org".try_into().unwrap()),
                SanType::IpAddress("192.0.2.7".parse().unwrap()),
            ],
        );
        for own in [
            "Controller",
            "CTL.example",
            "spiffe://example/ctl",
            "ops@example.org",
            "192.0.2.7",
        ] {
            let judged = clients(&["other", own]).judge(&der);
            assert!(matches!(&judged, Certificate::Known(_)), "{own}");
            assert_eq!(name(&judged), own);
        }
        let judged = clients(&["Control", "example", "*"]).judge(&der);
        assert_eq!(judged, Certificate::Stranger("Controller".to_owned()));
    }

    #[test]
    fn where_none_are_named_all_may_come_and_the_common_name_is_theirs() {
        let Certificate::Known(caller) = clients(&[]).judge(&certificate("web\u{7}1", vec![]))
        else {
            panic!("it may come");
        };
        assert_eq!((caller.name.as_str(), caller.scopes), ("web1", Scopes::ALL));
    }

    #[test]
    fn the_common_name_counts_only_where_it_shall() {
        let der = certificate("ctl", vec![]);
        let strict = Clients {
            by_common_name: false,
            ..clients(&["ctl"])
        };
        assert!(matches!(strict.judge(&der), Certificate::Stranger(_)));
    }

    #[test]
    fn scopes_of_all_fitting_names_are_granted() {
        let der = certificate("a", vec![SanType::DnsName("b".try_into().unwrap())]);
        let both = Clients {
            named: vec![
                ("a".to_owned(), Scopes::NONE.with(Scope::Read)),
                ("b".to_owned(), Scopes::NONE.with(Scope::Files)),
            ],
            ..clients(&[])
        };
        let Certificate::Known(caller) = both.judge(&der) else {
            panic!("it may come");
        };
        assert_eq!(caller.scopes.to_string(), "read, files");
    }

    proptest! {
        #[test]
        fn never_panics(at in 0usize..400, byte: u8, cut in 0usize..400) {
            let mut der = certificate("ctl", vec![SanType::DnsName("b".try_into().unwrap())]);
            let length = der.len();
            der[at % length] = byte;
            der.truncate(length - cut % length);
            let _ = clients(&["ctl"]).judge(&der);
        }
    }
}
