//! When a server's certificate ends.

use std::{
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::{Duration, SystemTime},
};

use gaxx_sdk::prelude::*;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// The shortest time that a connection is given.
const SHORTEST: Duration = Duration::from_millis(1);

/// When the certificate ends that the server of this URL shows.
///
/// Whether it is to be trusted the request itself has found out, by what the settings say; here anybody
/// may answer, and nothing is sent to him.
pub(super) fn end(url: &str, deadline: Deadline) -> Result<SystemTime> {
    let (host, port) = place(url)?;
    let mut addresses = (host, port).to_socket_addrs()?;
    let address = addresses
        .next()
        .ok_or_else(|| Error::failed("the host has no address"))?;
    let time = || deadline.remaining().max(SHORTEST);
    let mut stream = TcpStream::connect_timeout(&address, time())?;
    stream.set_read_timeout(Some(time()))?;
    stream.set_write_timeout(Some(time()))?;
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| Error::settings("http.url: its host is no name"))?;
    let connection = ClientConnection::new(Arc::new(config()?), name);
    let mut connection = connection.map_err(|error| Error::failed(error.to_string()))?;
    while connection.is_handshaking() {
        if deadline.has_passed() {
            return Err(Error::failed(
                "there was no time to look at the certificate",
            ));
        }
        connection.complete_io(&mut stream)?;
    }
    let chain = connection.peer_certificates().unwrap_or_default();
    let first = chain
        .first()
        .ok_or_else(|| Error::failed("it shows no certificate"))?;
    end_of(first)
}

/// When a certificate in DER ends.
pub(super) fn end_of(der: &[u8]) -> Result<SystemTime> {
    let unreadable = || Error::failed("its certificate cannot be read");
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| unreadable())?;
    let end = certificate.validity().not_after.timestamp();
    // One that ended before 1970 has ended.
    let end = Duration::from_secs(u64::try_from(end).unwrap_or_default());
    SystemTime::UNIX_EPOCH
        .checked_add(end)
        .ok_or_else(unreadable)
}

/// Host and port of a URL.
pub(super) fn place(url: &str) -> Result<(&str, u16)> {
    let no_url = || Error::settings("http.url has no host");
    let rest = url.split_once("://").ok_or_else(no_url)?.1;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let whole = &rest[..end];
    let whole = whole.rsplit_once('@').map_or(whole, |(_, host)| host);
    let (host, port) = match whole.strip_prefix('[') {
        Some(inner) => {
            let (host, port) = inner.split_once(']').ok_or_else(no_url)?;
            (host, port.strip_prefix(':'))
        }
        None => match whole.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (whole, None),
        },
    };
    let port = match port {
        None => Ok(443),
        Some(port) => port.parse(),
    };
    let port = port.map_err(|_| Error::settings("http.url: its port is no number"))?;
    if host.is_empty() {
        return Err(no_url());
    }
    Ok((host, port))
}

fn config() -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let anyone = Arc::new(Anyone(Arc::clone(&provider)));
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| Error::failed(error.to_string()))?;
    Ok(config
        .dangerous()
        .with_custom_certificate_verifier(anyone)
        .with_no_client_auth())
}

#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
