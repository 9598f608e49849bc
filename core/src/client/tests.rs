#![allow(clippy::unwrap_used)]
use std::time::Duration;

use http::{Response, StatusCode, header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    Channel, Client, ClientError, Limits, Plain,
    body::Body,
    fake::{Authority, Fake, answer, client_of},
};
use crate::{
    security::{ClientTls, ClientTlsFiles},
    task,
};

const BEAT: &str = r#"{"version":"0.1.0","node_id":"n","load":[1],
    "capabilities":{"listeners":{"api":[{"plugin":"agent-exec","path":"/v0/exec"}]}}}"#;

async fn beat(client: &Client) -> Result<super::Heartbeat, ClientError> {
    client.heartbeat().await
}

async fn trouble(client: &Client) -> String {
    beat(client).await.unwrap_err().to_string()
}

/// A listener that answers every connection with these bytes.
async fn says(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    task::spawn("test", async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut some = [0; 16];
            let _ = stream.read(&mut some).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    address
}

fn plain(node: &str) -> Client {
    client_of(node, Channel::Plain(Plain::Loopback))
}

#[tokio::test]
async fn a_heartbeat_is_read_and_its_connection_kept() {
    let fake = Fake::start(|request| async move {
        assert_eq!(request.uri().path(), "/v0/heartbeat");
        answer(StatusCode::OK, BEAT)
    })
    .await;
    let client = fake.client();
    let first = beat(&client).await.unwrap();
    assert_eq!(
        (first.version.as_str(), first.node_id.as_str()),
        ("0.1.0", "n")
    );
    assert!(first.capabilities().contains("agent-exec") && first.rest.contains_key("load"));
    assert_eq!(client.idle(), 1);
    beat(&client).await.unwrap();
    assert_eq!(client.idle(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced() {
    let fake = Fake::start(|_| async {
        let mut response = answer(StatusCode::OK, BEAT);
        let close = "close".parse().unwrap();
        response.headers_mut().insert(header::CONNECTION, close);
        response
    })
    .await;
    let client = fake.client();
    for _ in 0..3 {
        beat(&client).await.unwrap();
    }
}

#[tokio::test]
async fn errors_name_node_and_remedy() {
    // Bound and dropped: nobody listens there.
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = trouble(&plain(&free.to_string())).await;
    assert!(
        error.starts_with(&free.to_string()) && error.contains("connection refused: start"),
        "{error}"
    );
    let error = trouble(&plain(&format!("localhost:{}", free.port()))).await;
    assert!(
        error.contains(&format!("localhost:{} (", free.port())),
        "{error}"
    );
    let error = trouble(&plain("http://no-such-host.invalid")).await;
    assert!(error.contains("its name has no address"), "{error}");
    let error = trouble(&plain("http://192.0.2.1")).await;
    assert!(error.contains("--plain-http"), "{error}");
}

#[tokio::test]
async fn what_is_no_agent_is_called_so() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n",
    ] {
        let error = trouble(&plain(&says(bytes).await)).await;
        let shown =
            error.contains("no agent of gaxx-mon") || error.contains("cannot be understood");
        assert!(shown, "{error}");
    }
}

#[tokio::test]
async fn refusals_say_what_the_agent_says_and_what_the_client_knows() {
    let fake = Fake::start(|request| async move {
        match request.headers().get(header::AUTHORIZATION) {
            None => answer(
                StatusCode::UNAUTHORIZED,
                r#"{"error":"who are you","remedy":"say it"}"#,
            ),
            Some(_) => answer(
                StatusCode::FORBIDDEN,
                r#"{"error":"no scope exec","remedy":"ask"}"#,
            ),
        }
    })
    .await;
    let error = beat(&fake.client()).await.unwrap_err();
    assert_eq!(error.retry(), None);
    assert!(
        error.to_string().ends_with("no scope exec (403): ask"),
        "{error}"
    );
    let node = fake.address.to_string().parse().unwrap();
    let nobody = Client::new(
        node,
        Channel::Plain(Plain::Loopback),
        None,
        Limits::default(),
    );
    let error = trouble(&nobody).await;
    assert!(
        error.contains("who are you (401): say it (no token was sent"),
        "{error}"
    );
}

#[tokio::test]
async fn a_part_that_an_agent_does_not_have_is_told_with_its_version() {
    let fake = Fake::start(|request| async move {
        match request.uri().path() {
            "/v0/heartbeat" => answer(StatusCode::OK, BEAT),
            _ => answer(
                StatusCode::NOT_FOUND,
                r#"{"error":"there is nothing at this path","remedy":"x"}"#,
            ),
        }
    })
    .await;
    let error = fake.client().cancel("r1").await.unwrap_err().to_string();
    assert!(
        error.contains("it has no /v0/exec/r1: the agent is version 0.1.0"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for_forever() {
    let fake = Fake::start(|_| std::future::pending::<Response<Body>>()).await;
    let node = fake.address.to_string().parse().unwrap();
    let limits = Limits {
        heartbeat: Duration::from_millis(20),
        ..Limits::default()
    };
    let client = Client::new(node, Channel::Plain(Plain::Loopback), None, limits);
    assert!(
        trouble(&client)
            .await
            .contains("its answer took longer than 20ms")
    );
}

#[tokio::test]
async fn tls_goes_both_ways_and_its_troubles_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let (authority, stranger) = (Authority::new(folder.path()), Authority::new(other.path()));
    let serve = |tls| Fake::secured(|_| async { answer(StatusCode::OK, BEAT) }, tls);
    let tls = |files: &ClientTlsFiles| Channel::Tls(ClientTls::read(files).unwrap());
    let (certificate, key) = authority.issue("caller");
    let nameless = ClientTlsFiles {
        ca: Some(authority.certificate()),
        ..ClientTlsFiles::default()
    };
    let known = ClientTlsFiles {
        certificate: Some(certificate),
        key: Some(key),
        ..nameless.clone()
    };
    let strange = ClientTlsFiles {
        ca: Some(stranger.certificate()),
        ..ClientTlsFiles::default()
    };
    let (certificate, key) = stranger.issue("caller");
    let foreign = ClientTlsFiles {
        certificate: Some(certificate),
        key: Some(key),
        ..nameless.clone()
    };

    let open = serve(authority.server("localhost", false)).await;
    let demanding = serve(authority.server("localhost", true)).await;
    let named = |fake: &Fake| format!("localhost:{}", fake.address.port());
    beat(&client_of(&named(&open), tls(&nameless)))
        .await
        .unwrap();
    beat(&client_of(&named(&demanding), tls(&known)))
        .await
        .unwrap();
    for (node, files, expected) in [
        (named(&open), &strange, "CA that is not trusted here"),
        (
            open.address.to_string(),
            &nameless,
            "its certificate is not for \"127.0.0.1\"",
        ),
        (
            named(&demanding),
            &nameless,
            "it demands a certificate of the client",
        ),
        (
            named(&demanding),
            &foreign,
            "it does not accept the client's certificate",
        ),
    ] {
        let error = trouble(&client_of(&node, tls(files))).await;
        assert!(error.contains(expected), "{error}");
    }
    let plainly = Fake::start(|_| async { answer(StatusCode::OK, BEAT) }).await;
    let error = trouble(&client_of(&named(&plainly), tls(&nameless))).await;
    assert!(error.contains("does not speak TLS"), "{error}");
    let error = trouble(&plain(&named(&open))).await;
    assert!(
        error.contains("no agent") || error.contains("lost"),
        "{error}"
    );
}

#[test]
fn certificate_and_key_go_together_and_the_key_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    let (certificate, key) = authority.issue("one");
    let (_, other) = authority.issue("two");
    let files = ClientTlsFiles {
        ca: Some(authority.certificate()),
        certificate: Some(certificate),
        key: Some(key.clone()),
    };
    let message = |files: &ClientTlsFiles| ClientTls::read(files).unwrap_err().to_string();
    ClientTls::read(&files).unwrap();
    let lacking = ClientTlsFiles {
        key: None,
        ..files.clone()
    };
    assert!(message(&lacking).starts_with("--key"));
    let lacking = ClientTlsFiles {
        certificate: None,
        ..files.clone()
    };
    assert!(message(&lacking).starts_with("--certificate"));
    let crossed = ClientTlsFiles {
        key: Some(other),
        ..files.clone()
    };
    assert!(message(&crossed).contains("does not fit"));
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(message(&files).contains("chmod 600"));
}
