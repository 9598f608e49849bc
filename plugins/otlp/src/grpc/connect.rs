//! Connections for gRPC.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use gaxx_sdk::{client::Tls, prelude::*};
use http::{
    Uri,
    uri::{Authority, Scheme},
};
use http_body_util::Full;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Where a receiver is, and how it is made sure that it is it.
pub(super) struct Target {
    scheme: Scheme,
    authority: Authority,
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Target {
    pub(super) fn new(url: &str, tls: &Tls) -> Result<Self> {
        // What is wrong with a URL may repeat it, and it may hold a secret.
        let wrong = || Error::settings("endpoint is no URL with a host").remedy("http://HOST:4317");
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let (scheme, authority) = uri.scheme().zip(uri.authority()).ok_or_else(wrong)?;
        if !matches!(uri.path(), "" | "/") || authority.as_str().contains('@') {
            return Err(
                Error::settings("endpoint has more than scheme, host and port")
                    .remedy("gRPC needs no path; a password goes into basic"),
            );
        }
        let is_tls = *scheme == Scheme::HTTPS;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let tls = if is_tls {
            let name = ServerName::try_from(host.clone()).map_err(|_| wrong())?;
            Some((TlsConnector::from(Arc::new(config(tls)?)), name))
        } else {
            None
        };
        Ok(Self {
            scheme: scheme.clone(),
            authority: authority.clone(),
            port: authority
                .port_u16()
                .unwrap_or(if is_tls { 443 } else { 80 }),
            host,
            tls,
        })
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme.clone()
    }

    pub(super) fn authority(&self) -> Authority {
        self.authority.clone()
    }

    /// Host and port, for messages.
    pub(super) fn place(&self) -> &str {
        self.authority.as_str()
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await;
        let tcp = tcp.map_err(|error| {
            Error::failed(format!(
                "{} does not take the connection: {error}",
                self.place()
            ))
        })?;
        // It is slower without, and works.
        let _ = tcp.set_nodelay(true);
        match &self.tls {
            None => self.speak(tcp).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), tcp).await;
                let stream = stream.map_err(|error| {
                    Error::failed(format!("{}: {error}", self.place()))
                        .remedy("look at tls: ca, certificate and key")
                })?;
                self.speak(stream).await
            }
        }
    }

    async fn speak<S>(&self, stream: S) -> Result<SendRequest<Full<Bytes>>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let opened = handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (sender, connection) = opened.map_err(|error| {
            Error::failed(format!("{}: {error}", self.place()))
                .remedy("see that it speaks gRPC, or set protocol: http")
        })?;
        // Its end is seen by the next call. It runs on the plugin's own runtime, which lists no tasks.
        #[expect(clippy::disallowed_methods, reason = "the list is gaxx-mon's")]
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(sender)
    }
}

fn config(tls: &Tls) -> Result<ClientConfig> {
    if tls.insecure_skip_verify {
        return Err(Error::settings("tls.insecure_skip_verify is not for grpc")
            .remedy("name the receiver's certificate in tls.ca, or set protocol: http"));
    }
    let mut roots = RootCertStore::empty();
    match &tls.ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in certificates("tls.ca", path)? {
                roots
                    .add(certificate)
                    .map_err(|error| unusable("tls.ca", path, &error))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::failed(error.to_string()))?
        .with_root_certificates(roots);
    let mut config = match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates("tls.certificate", certificate)?;
            // What is wrong with a key may repeat it.
            let own = PrivateKeyDer::from_pem_file(key)
                .map_err(|_| unusable("tls.key", key, &"it holds no key in PEM"))?;
            builder
                .with_client_auth_cert(chain, own)
                .map_err(|error| unusable("tls.certificate", certificate, &error))?
        }
        (None, None) => builder.with_no_client_auth(),
        _ => {
            return Err(Error::settings(
                "tls.certificate and tls.key go together, and one is missing",
            ));
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn certificates(setting: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    let all = read.map_err(|error| unusable(setting, path, &error))?;
    if all.is_empty() {
        return Err(unusable(setting, path, &"it holds no certificate in PEM"));
    }
    Ok(all)
}

fn unusable(setting: &str, path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::settings(format!("{setting}: {}: {why}", path.display()))
}
