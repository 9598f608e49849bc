//! The check whether the agent's own API answers.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use gaxx_abi::{
    Verdict,
    abi_std::RVec,
    component::status::{DEGRADED, HEALTHY, UNHEALTHY},
};
use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::TLS13,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// How long the API may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// A path that needs no plugin and no caller.
const REQUEST: &[u8] = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// Where the status ends in the first line of an answer: `HTTP/1.1 200`.
const STATUS: std::ops::Range<usize> = 9..12;

/// Where the program serves its API.
#[derive(Clone)]
pub struct OwnApi {
    address: SocketAddr,
    /// How to speak TLS to it, where it does.
    tls: Option<TlsConnector>,
}

/// What the API says to a request.
enum Answer {
    /// An HTTP status.
    Status(String),
    /// That it wants a certificate, which nobody but its clients has.
    CertificateWanted,
}

impl OwnApi {
    /// The API at the address that is listened on.
    pub fn new(listening: SocketAddr, tls: bool) -> Self {
        let address = match listening.ip() {
            IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            one => one,
        };
        Self {
            address: SocketAddr::new(address, listening.port()),
            tls: tls.then(connector),
        }
    }

    /// Sends it a request over a connection of its own, and judges the answer.
    pub async fn check(&self) -> Verdict {
        let address = self.address;
        let (status, message) = match timeout(PATIENCE, self.ask()).await {
            Err(_) => (
                UNHEALTHY,
                format!("no answer from {address} within {} s", PATIENCE.as_secs()),
            ),
            Ok(Err(error)) => (UNHEALTHY, format!("no answer from {address}: {error}")),
            Ok(Ok(Answer::CertificateWanted)) => (
                HEALTHY,
                format!("{address} answers, and asks for a certificate"),
            ),
            Ok(Ok(Answer::Status(code))) if code == "200" => {
                (HEALTHY, format!("{address} answers"))
            }
            Ok(Ok(Answer::Status(code))) => (DEGRADED, format!("{address} answers {code}")),
        };
        Verdict {
            status,
            message: message.into(),
            details: RVec::new(),
        }
    }

    async fn ask(&self) -> io::Result<Answer> {
        let stream = TcpStream::connect(self.address).await?;
        let answer = match &self.tls {
            None => exchange(stream).await,
            Some(tls) => {
                let name = ServerName::from(self.address.ip());
                match tls.connect(name, stream).await {
                    Ok(stream) => exchange(stream).await,
                    Err(error) => Err(error),
                }
            }
        };
        match answer {
            Err(error) if wants_certificate(&error) => Ok(Answer::CertificateWanted),
            other => other,
        }
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<Answer> {
    stream.write_all(REQUEST).await?;
    stream.flush().await?;
    let mut head = [0; STATUS.end];
    stream.read_exact(&mut head).await?;
    let status = head.get(STATUS).filter(|_| head.starts_with(b"HTTP/1.1 "));
    let status = status.map(|status| String::from_utf8_lossy(status).into_owned());
    let no_http = || io::Error::new(io::ErrorKind::InvalidData, "what came is not HTTP");
    status.map(Answer::Status).ok_or_else(no_http)
}

fn wants_certificate(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    // TLS 1.3 has an alert for this alone.
    matches!(
        inner,
        Some(Error::AlertReceived(AlertDescription::CertificateRequired))
    )
}

fn connector() -> TlsConnector {
    let provider = Arc::new(ring::default_provider());
    let anyone = Arc::new(Anyone(Arc::clone(&provider)));
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .expect("ring knows TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(anyone)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Takes any certificate: whoever answers there, nothing secret is sent to him, and that he
/// answers is all that is asked. The certificate may be for names that this machine does not know.
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
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::net::TcpListener;

    use super::*;

    /// What the check says of a server that answers with `answer`.
    async fn judged(answer: &'static [u8]) -> u32 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; REQUEST.len()];
            stream.read_exact(&mut request).await.unwrap();
            stream.write_all(answer).await.unwrap();
        };
        let api = OwnApi::new(address, false);
        let (verdict, ()) = tokio::join!(api.check(), server);
        verdict.status
    }

    #[tokio::test]
    async fn only_an_answer_will_do() {
        assert_eq!(judged(b"HTTP/1.1 200 OK\r\n\r\n").await, HEALTHY);
        assert_eq!(judged(b"HTTP/1.1 503 No\r\n\r\n").await, DEGRADED);
        assert_eq!(judged(b"SSH-2.0-OpenSSH_9\r\n").await, UNHEALTHY);
        assert_eq!(judged(b"HTTP").await, UNHEALTHY);
    }

    #[tokio::test]
    async fn where_nobody_listens_it_is_unhealthy() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let verdict = OwnApi::new(address, false).check().await;
        assert_eq!(verdict.status, UNHEALTHY);
        assert!(verdict.message.contains(&address.to_string()));
    }

    #[test]
    fn one_that_listens_everywhere_is_asked_on_loopback() {
        let asked = |listening: &str| OwnApi::new(listening.parse().unwrap(), true).address;
        assert_eq!(asked("0.0.0.0:1").to_string(), "127.0.0.1:1");
        assert_eq!(asked("[::]:1").to_string(), "[::1]:1");
        assert_eq!(asked("10.0.0.1:1").to_string(), "10.0.0.1:1");
    }
}
