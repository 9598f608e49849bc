//! TLS: who gets in, and who does not keep the listener waiting.

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{authority::Authority, *};
use crate::{config, security::Scopes};

const SHORT: Duration = Duration::from_millis(400);

/// A listener with a certificate, and the CA it is of.
struct Secured {
    site: Site,
    authority: Authority,
    tls: Arc<ServerTls>,
}

impl Secured {
    async fn open() -> Self {
        Self::with(Limits::default(), |section, _| section).await
    }

    async fn with(
        limits: Limits,
        more: impl FnOnce(config::Tls, &Authority) -> config::Tls,
    ) -> Self {
        let authority = Authority::new();
        authority.issue("server");
        let section = more(authority.section("server"), &authority);
        let tls = ServerTls::open("agent.tls", &section).unwrap().unwrap();
        let access = Access::builder().anonymous(Scopes::NONE.with(Scope::Read));
        let site = Site::guarded(limits, access.build(), Some(Arc::clone(&tls))).await;
        Self {
            site,
            authority,
            tls,
        }
    }

    /// Makes a handshake, with the certificate of this name and these protocols.
    async fn shake(
        &self,
        name: Option<&str>,
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.root()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match name.map(|name| self.authority.pair(name)) {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let stream = TcpStream::connect(self.site.serving.address())
            .await
            .unwrap();
        let server = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(server, stream)
            .await
    }

    /// Asks for a path; nothing where the server does not take the client.
    async fn ask(&self, name: Option<&str>, path: &str) -> Option<String> {
        let mut stream = self.shake(name, &["http/1.1"]).await.ok()?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let answer = rest(&mut stream).await;
        (!answer.is_empty()).then_some(answer)
    }
}

async fn rest(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    let _ = soon(stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn requests_are_answered_and_the_protocol_is_agreed_on() {
    let secured = Secured::open().await;
    let answer = secured.ask(None, "/").await.unwrap();
    assert_eq!((status(&answer), body(&answer)), (200, "the index"));
    for (offered, agreed) in [
        (["h2", "http/1.1"].as_slice(), Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let stream = secured.shake(None, offered).await.unwrap();
        let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        assert_eq!(protocol.as_deref(), agreed.map(str::as_bytes));
    }
    assert!(secured.shake(None, &["spdy/3"]).await.is_err());
}

#[tokio::test]
async fn a_client_without_tls_is_told_so() {
    let secured = Secured::open().await;
    let answer = secured.site.ask("GET", "/", "").await;
    assert_failure(&answer, 400);
    assert!(answer.contains("https://"), "{answer}");
    let seen = secured
        .site
        .until(|seen| seen.open == 0 && seen.accepted == 1)
        .await;
    assert_eq!(seen.refused, [Refusal::TlsMissing]);
}

#[tokio::test]
async fn a_handshake_that_fails_is_counted() {
    let secured = Secured::open().await;
    secured.site.tell(b"\x16\x03\x01\x00\x05hello").await;
    secured.site.tell(b"\0\0\0\0\0\0\0\0").await;
    let seen = secured
        .site
        .until(|seen| seen.open == 0 && seen.accepted == 2)
        .await;
    assert_eq!(seen.refused, [Refusal::TlsHandshake; 2]);
}

#[tokio::test]
async fn a_handshake_that_does_not_come_on_ends_and_keeps_nobody_waiting() {
    let limits = Limits {
        header_time: SHORT,
        ..Limits::default()
    };
    let secured = Secured::with(limits, |section, _| section).await;
    let mut silent = secured.site.connect().await;
    let mut half = secured.site.connect().await;
    half.send(b"\x16\x03\x01\x02\x00\x01").await;
    let answer = secured.ask(None, "/").await.unwrap();
    assert_eq!(status(&answer), 200);
    assert_eq!(
        (silent.rest().await, half.rest().await),
        (String::new(), String::new())
    );
    let seen = secured.site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, [Refusal::TlsHandshake; 2]);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_handshakes() {
    let secured = Secured::open().await;
    let _silent = secured.site.connect().await;
    secured.site.until(|seen| seen.open == 1).await;
    let cut = soon(secured.site.serving.shutdown(Duration::from_hours(1))).await;
    assert_eq!(cut, 0);
}

#[tokio::test]
async fn without_its_certificate_no_client_gets_in_where_one_is_required() {
    let required = |section, authority: &Authority| config::Tls {
        client_ca: Some(authority.path("ca.pem")),
        require_client_certificate: true,
        ..section
    };
    let secured = Secured::with(Limits::default(), required).await;
    secured.authority.issue("ctl");
    assert_eq!(secured.ask(None, "/").await, None);
    let answer = secured.ask(Some("ctl"), "/caller").await.unwrap();
    let who = "ctl (certificate): read, exec, files, tasks, admin, profile";
    assert_eq!(body(&answer), who);
    // One of another CA with the same names.
    let other = Authority::new();
    other.issue("ctl");
    for file in ["ctl.pem", "ctl.key"] {
        std::fs::copy(other.path(file), secured.authority.path(file)).unwrap();
    }
    assert_eq!(secured.ask(Some("ctl"), "/").await, None);
    let seen = secured.site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, [Refusal::TlsHandshake; 2]);
}

#[tokio::test]
async fn a_client_may_what_its_name_may_and_a_stranger_nothing() {
    let named = |section, authority: &Authority| config::Tls {
        client_ca: Some(authority.path("ca.pem")),
        clients: vec![config::ClientCertificate {
            name: "ctl".to_owned(),
            scopes: vec![config::ScopeName::Exec],
        }],
        ..section
    };
    let secured = Secured::with(Limits::default(), named).await;
    secured.authority.issue("ctl");
    secured.authority.issue("web");
    let caller = async |name| secured.ask(name, "/caller").await.unwrap();
    assert_eq!(
        body(&caller(Some("ctl")).await),
        "ctl (certificate): read, exec"
    );
    assert_eq!(body(&caller(None).await), " (nobody): read");
    let stranger = caller(Some("web")).await;
    assert_failure(&stranger, 403);
    assert!(stranger.contains("web"), "{stranger}");
    let seen = secured.site.until(|seen| seen.answers.len() == 3).await;
    assert_eq!(seen.refused, [Refusal::Forbidden]);
}

#[tokio::test]
async fn a_new_connection_gets_the_new_certificate_and_an_old_one_goes_on() {
    let secured = Secured::open().await;
    let shown = async || {
        let stream = secured.shake(None, &[]).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let mut old = secured.shake(None, &["http/1.1"]).await.unwrap();
    let first = shown().await;
    secured.authority.issue("server");
    secured.tls.look_again();
    assert_ne!(shown().await, first);
    old.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(status(&rest(&mut old).await), 200);
}

#[tokio::test]
async fn a_body_that_stops_coming_is_answered_408_here_too() {
    let limits = Limits {
        stall_time: SHORT,
        ..Limits::default()
    };
    let secured = Secured::with(limits, |section, _| section).await;
    let mut stream = secured.shake(None, &["http/1.1"]).await.unwrap();
    let head = "POST /both HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 9\r\n\r\n[1";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_failure(&rest(&mut stream).await, 408);
    let seen = secured.site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, [Refusal::BodyTime]);
}

#[tokio::test]
async fn a_client_that_stops_reading_is_cut_off_here_too() {
    let limits = Limits {
        stall_time: SHORT,
        ..Limits::default()
    };
    let secured = Secured::with(limits, |section, _| section).await;
    let mut stream = secured.shake(None, &["http/1.1"]).await.unwrap();
    stream
        .write_all(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let seen = secured
        .site
        .until(|seen| seen.accepted == 1 && seen.open == 0)
        .await;
    assert_eq!(seen.refused, [Refusal::Stalled]);
}

#[tokio::test]
async fn a_client_that_has_said_all_it_had_to_say_gets_its_answer() {
    let secured = Secured::open().await;
    let mut stream = secured.shake(None, &["http/1.1"]).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    // A close_notify, and the end of the TCP stream in this direction.
    stream.shutdown().await.unwrap();
    assert!(rest(&mut stream).await.ends_with("the index"));
}

#[tokio::test]
async fn a_client_that_breaks_off_ends_what_it_asked_for() {
    let secured = Secured::open().await;
    let mut stream = secured.shake(None, &["http/1.1"]).await.unwrap();
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    secured.site.until(|seen| seen.in_flight == 1).await;
    // No close_notify: what was encrypted may have been cut by anyone on the way.
    drop(stream.into_inner().0);
    soon(secured.site.dropped.notified()).await;
    secured.site.until(|seen| seen.open == 0).await;
}
