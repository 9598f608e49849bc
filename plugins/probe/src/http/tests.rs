#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

use gaxx_sdk::{
    json, serde_json,
    testing::{self, Receiver},
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, pem::PemObject},
};

use super::*;

fn checked(settings: serde_json::Value) -> Verdict {
    let mut check = testing::check::<Http>(json!({ "http": settings })).unwrap();
    check.check().unwrap()
}

/// What it says of a page that answers so.
fn judged(status: u16, body: &str, mut settings: serde_json::Value) -> Status {
    let receiver = Receiver::new(status);
    receiver.answer(status, body.as_bytes());
    settings["url"] = json!(receiver.url());
    checked(settings).status
}

#[test]
fn status_and_body_decide() {
    let get = |status, settings| judged(status, "all is WELL", settings);
    assert_eq!(get(200, json!({})), Status::Healthy);
    assert_eq!(get(302, json!({})), Status::Healthy);
    assert_eq!(
        get(302, json!({"status": ["200-299", "404"]})),
        Status::Unhealthy
    );
    assert_eq!(
        get(404, json!({"status": ["200-299", "404"]})),
        Status::Healthy
    );
    assert_eq!(get(503, json!({})), Status::Unhealthy);
    assert_eq!(get(200, json!({"body": "(?i)is well$"})), Status::Healthy);
    assert_eq!(get(200, json!({"body": "^ill"})), Status::Unhealthy);
    assert_eq!(get(200, json!({"degraded_after": "1ns"})), Status::Degraded);
    assert_eq!(
        get(
            200,
            json!({"degraded_after": "1ns", "unhealthy_after": "1ns"})
        ),
        Status::Unhealthy
    );
}

#[test]
fn where_nobody_answers_it_is_unhealthy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let verdict = checked(json!({ "url": format!("http://user:secret@{address}/token") }));
    assert_eq!(verdict.status, Status::Unhealthy);
    assert!(!verdict.message.contains("secret") && !verdict.message.contains("token"));
}

#[test]
fn a_certificate_that_ends_soon_is_told() {
    let now = SystemTime::now();
    for (days, status) in [
        (40, Status::Healthy),
        (10, Status::Degraded),
        (2, Status::Unhealthy),
    ] {
        let mut wanted = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        wanted.not_after = (now + Duration::from_hours(days * 24 + 12)).into();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = wanted.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        fs::write(&ca, certificate.pem()).unwrap();
        let private = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // The request, and the look at the certificate.
        let server = thread::spawn(move || {
            for _ in 0..2 {
                let (stream, _) = listener.accept().unwrap();
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                // The second one sends nothing.
                if stream.read(&mut [0; 1000]).is_ok_and(|read| read > 0) {
                    let answer =
                        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    stream.write_all(answer).unwrap();
                }
            }
        });
        let url = format!("https://localhost:{port}/");
        let verdict = checked(json!({ "url": url, "tls": { "ca": ca } }));
        assert_eq!(verdict.status, status, "{verdict:?}");
        let fact = ("certificate_days".to_owned(), days.to_string());
        assert!(verdict.details.contains(&fact), "{verdict:?}");
        server.join().unwrap();
        // Nobody vouches for it.
        let verdict = testing::check::<Http>(json!({ "http": { "url": url } }));
        assert_eq!(verdict.unwrap().check().unwrap().status, Status::Unhealthy);
    }
}

fn ring() -> rustls::crypto::CryptoProvider {
    rustls::crypto::ring::default_provider()
}

#[test]
fn urls_have_a_host_and_a_port() {
    let place = |url| certificate::place(url).ok();
    assert_eq!(place("https://a.b/c:1"), Some(("a.b", 443)));
    assert_eq!(place("https://u:p@a:8443?x"), Some(("a", 8443)));
    assert_eq!(place("https://[::1]:9/"), Some(("::1", 9)));
    for wrong in ["https://", "https://a:b", "https://[::1", "x"] {
        assert_eq!(place(wrong), None, "{wrong}");
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for (settings, key) in [
        (json!({"url": "ftp://a"}), "url"),
        (json!({"url": "http://a", "status": []}), "status"),
        (json!({"url": "http://a", "status": ["2xx"]}), "status"),
        (json!({"url": "http://a", "status": ["300-200"]}), "status"),
        (json!({"url": "http://a", "body": "("}), "body"),
    ] {
        let error = testing::check::<Http>(json!({ "http": settings }))
            .map(drop)
            .unwrap_err();
        assert!(error.message().contains(key), "{settings}: {error}");
    }
}
