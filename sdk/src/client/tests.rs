#![allow(clippy::unwrap_used)]

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use gaxx_sdk::serde_json::{self, json};

use super::*;

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

/// A receiver that answers one request with this; gives its URL and what it was sent.
fn receiver(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/push?secret=1", listener.local_addr().unwrap());
    let taken = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut room = [0; 4096];
        let mut sent = String::new();
        while !sent.contains("\r\n\r\n") || !sent.ends_with("body") {
            let count = stream.read(&mut room).unwrap();
            sent.push_str(std::str::from_utf8(&room[..count]).unwrap());
        }
        stream.write_all(answer.as_bytes()).unwrap();
        sent
    });
    (url, taken)
}

fn settings(settings: serde_json::Value) -> Settings {
    serde_json::from_value(settings).unwrap()
}

fn posted(answer: &'static str) -> Result<Answer> {
    let (url, taken) = receiver(answer);
    let client = Client::new(&settings(json!({}))).unwrap();
    let answer = client.post(&url, &[("x-one", "1")], b"body", soon());
    taken.join().unwrap();
    answer
}

#[test]
fn what_is_sent_arrives_with_its_headers() {
    let (url, taken) = receiver("HTTP/1.1 204 No Content\r\n\r\n");
    let client = Client::new(&settings(json!({ "headers": { "X-Scope": "me" } }))).unwrap();
    let answer = client
        .post(&url, &[("x-one", "1")], b"body", soon())
        .unwrap();
    assert_eq!(answer.judge(), Ok(()));
    let sent = taken.join().unwrap().to_lowercase();
    assert!(
        sent.starts_with("post /push?secret=1 http/1.1\r\n") && sent.contains("x-scope: me\r\n")
    );
    assert!(
        sent.contains("x-one: 1\r\n") && sent.contains("content-length: 4\r\n"),
        "{sent}"
    );
}

#[test]
fn answers_are_temporary_or_for_good() {
    let judged = |answer| posted(answer).unwrap().judge().unwrap_err();
    let busy = judged("HTTP/1.1 429 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow");
    assert_eq!(busy.kind(), ErrorKind::Failed);
    assert!(
        busy.message().ends_with("answered 429: slow"),
        "{}",
        busy.message()
    );
    let broken = judged("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(broken.kind(), ErrorKind::Failed);
    let bad = judged("HTTP/1.1 400 Bad\r\nContent-Length: 1\r\n\r\n\u{1}");
    assert_eq!(bad.kind(), ErrorKind::Permanent);
    let moved =
        judged("HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(moved.kind(), ErrorKind::Permanent);
    assert!(moved.remedy_text().contains("redirects"));
}

#[test]
fn half_an_answer_is_a_failure_that_passes_and_names_no_secret() {
    for half in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        "HTTP/1.1 2",
        "SSH-2.0-x\r\n\r\n",
    ] {
        let error = posted(half).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed, "{half}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn a_receiver_that_is_away_or_silent_is_a_failure_that_passes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:secret@{}/", listener.local_addr().unwrap());
    let client = Client::new(&settings(json!({}))).unwrap();
    let brief = Deadline::after(Duration::from_millis(200));
    let silent = client.get(&url, &[], brief).unwrap_err();
    assert_eq!(silent.kind(), ErrorKind::Deadline);
    drop(listener);
    let away = client.get(&url, &[], soon()).unwrap_err();
    assert_eq!(away.kind(), ErrorKind::Failed);
    assert!(!format!("{silent}{away}").contains("secret"));
}

#[test]
fn too_long_an_answer_is_cut_off() {
    let client = |url: &str| {
        Client::new(&settings(json!({})))
            .unwrap()
            .most_body(3)
            .post(url, &[], b"body", soon())
    };
    let (url, taken) = receiver("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlong");
    let error = client(&url).unwrap_err();
    assert!(error.message().contains("more than 3 bytes"), "{error}");
    taken.join().unwrap();
}

#[test]
fn settings_that_cannot_work_are_named() {
    let refused = |it| Client::new(&settings(it)).unwrap_err().to_string();
    assert!(refused(json!({ "tls": { "key": "/k" } })).contains("tls.certificate is missing"));
    assert!(refused(json!({ "tls": { "ca": "/nonexistent" } })).contains("tls.ca: /nonexistent"));
    assert!(refused(json!({ "bearer_token_file": "/dev/null" })).contains("bearer_token_file"));
    let both =
        json!({ "bearer_token_file": "/a", "basic": { "username": "u", "password_file": "/b" } });
    assert!(refused(both).contains("both"));
}

#[test]
fn secrets_are_shown_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "hunter2\n").unwrap();
    let client = Client::new(&settings(json!({ "bearer_token_file": file }))).unwrap();
    assert_eq!(client.headers[0].1.reveal(), "Bearer hunter2");
    assert!(!format!("{client:?}").contains("hunter2"));
}
