//! A server for tests, and certificates for it.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use super::{Channel, Client, Limits, Node, Plain, Token, body::Body};
use crate::task;

/// A server that answers as it is told.
pub(super) struct Fake {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    /// Starts one on a free port of 127.0.0.1.
    pub(super) async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::begin(answer, None).await
    }

    /// Starts one that speaks TLS.
    pub(super) async fn secured<F, A>(answer: F, tls: Arc<ServerConfig>) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::begin(answer, Some(TlsAcceptor::from(tls))).await
    }

    async fn begin<F, A>(answer: F, tls: Option<TlsAcceptor>) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = task::spawn("test", async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, tls) = (answer.clone(), tls.clone());
                let service = service_fn(move |request| {
                    let answer = answer(request);
                    async move { Ok::<_, std::convert::Infallible>(answer.await) }
                });
                task::spawn("test", async move {
                    let server = http1::Builder::new();
                    let served = if let Some(tls) = tls {
                        let Ok(stream) = tls.accept(stream).await else {
                            return;
                        };
                        server.serve_connection(TokioIo::new(stream), service).await
                    } else {
                        server.serve_connection(TokioIo::new(stream), service).await
                    };
                    // A client that goes away is a case that tests make.
                    let _ = served;
                });
            }
        });
        Self { address, task }
    }

    /// A client of it, with the token `hunter2`.
    pub(super) fn client(&self) -> Client {
        client_of(&self.address.to_string(), Channel::Plain(Plain::Loopback))
    }
}

/// A client of a node, with the token `hunter2`.
pub(super) fn client_of(node: &str, channel: Channel) -> Client {
    let node: Node = node.parse().unwrap();
    let token = Token::parse("hunter2", "test").unwrap();
    Client::new(node, channel, Some(token), Limits::default())
}

/// An answer.
pub(super) fn answer(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
}

/// The whole body of a request.
pub(super) async fn whole(request: Request<Incoming>) -> String {
    let bytes = request.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self::Whole(text.to_owned().into())
    }
}

/// A CA in a folder.
pub(super) struct Authority {
    folder: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        let folder = folder.to_owned();
        fs::write(folder.join("ca.crt"), issuer.pem()).unwrap();
        Self { folder, issuer }
    }

    /// The file of its certificate.
    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// The files of a certificate for a name, and of its key.
    pub(super) fn issue(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = (
            self.folder.join(format!("{name}.crt")),
            self.folder.join(format!("{name}.key")),
        );
        fs::write(&files.0, certificate.pem()).unwrap();
        fs::write(&files.1, key.serialize_pem()).unwrap();
        fs::set_permissions(&files.1, fs::Permissions::from_mode(0o600)).unwrap();
        files
    }

    /// TLS of a server that is called `name`; with `demanding`, only for clients of this CA.
    pub(super) fn server(&self, name: &str, demanding: bool) -> Arc<ServerConfig> {
        let (certificate, key) = self.issue(name);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = if demanding {
            let mut roots = RootCertStore::empty();
            let own = CertificateDer::from_pem_file(self.certificate()).unwrap();
            roots.add(own).unwrap();
            let roots = Arc::new(roots);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            config.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            config.with_no_client_auth()
        };
        let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        Arc::new(config.with_single_cert(chain, key).unwrap())
    }
}
