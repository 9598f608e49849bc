//! What TLS errors mean, and what to do about them.

use std::{error::Error, io};

use rustls::{AlertDescription, CertificateError, Error as TlsError};

use super::{error::Trouble, node::Node};

/// The trouble behind an error of a connection that speaks TLS.
pub(super) fn of(error: &io::Error, node: &Node) -> Trouble {
    match found_in(error) {
        Some(error) => explain(error, node),
        None => Trouble::Lost {
            during: "while TLS was agreed upon",
            why: error.to_string(),
        },
    }
}

/// The TLS error somewhere behind an error.
pub(super) fn found_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a TlsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<TlsError>() {
            return Some(found);
        }
        // What an io::Error wraps is not its source, but itself in other clothes.
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

/// What a TLS error means.
pub(super) fn explain(error: &TlsError, node: &Node) -> Trouble {
    use AlertDescription as Alert;
    use CertificateError as Bad;
    let (what, remedy) = match error {
        // A CA that bears the trusted one's name has another key.
        TlsError::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => (
            "its certificate is signed by a CA that is not trusted here".to_owned(),
            "name the agents' CA with --ca, GAXX_CLIENT_CA or client.ca",
        ),
        TlsError::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            (
                format!("its certificate is not for {:?} ({error})", node.host()),
                "call the node by a name in its certificate, or give it a certificate with this one",
            )
        }
        TlsError::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => (
            "its certificate has expired".to_owned(),
            "give the agent a new one, which it takes up without a restart; or set this machine's clock",
        ),
        TlsError::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => (
            "its certificate is not valid yet".to_owned(),
            "compare the clocks of both machines",
        ),
        TlsError::InvalidCertificate(_) => (
            error.to_string(),
            "give the agent a certificate for servers",
        ),
        TlsError::AlertReceived(Alert::CertificateRequired) => (
            "it demands a certificate of the client".to_owned(),
            "give one with --certificate and --key, GAXX_CLIENT_CERT and GAXX_CLIENT_KEY, or client.certificate and client.key",
        ),
        TlsError::AlertReceived(
            Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::CertificateExpired
            | Alert::DecryptError
            | Alert::AccessDenied,
        ) => (
            format!("it does not accept the client's certificate ({error})"),
            "use one that the CA in its agent.tls.client_ca has signed, and that has not expired",
        ),
        TlsError::InvalidMessage(_) => (
            "what answers there does not speak TLS".to_owned(),
            "write http:// in front if the agent is meant to be plain; else set agent.tls there",
        ),
        _ => (error.to_string(), "compare the TLS settings of both ends"),
    };
    Trouble::Tls { what, remedy }
}
