//! Uploads that are cut off.

use std::{fs, io::Write, time::Duration};

use gaxx_tests::wait_until;

use super::{Data, get, offset, put, raw};

const ID: &str = "an-upload-of-a-test";

/// Sends a file up to its half, and leaves the connection open.
fn half(agent: &gaxx_tests::Agent, path: &str, content: &[u8]) -> std::net::TcpStream {
    let length = content.len();
    let headers = format!("X-Upload-Id: {ID}\r\nContent-Length: {length}\r\n");
    let mut stream = raw::open(agent, "PUT", &format!("/v0/files/{path}"), &headers);
    stream.write_all(&content[..length / 2]).unwrap();
    let half = Some(length as u64 / 2);
    wait_until("half of it has come", || offset(agent, path, ID) == half);
    stream
}

fn content() -> Vec<u8> {
    (0..8_000_000_u32)
        .map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect()
}

#[test]
fn an_upload_goes_on_after_the_agent_was_killed() {
    let data = Data::new();
    let content = content();
    let mut agent = data.agent().start();
    fs::write(data.path("a"), "old").unwrap();
    let resumable = half(&agent, "data/a", &content);
    // One that cannot be resumed, beside it.
    let mut lost = raw::open(
        &agent,
        "PUT",
        "/v0/files/data/b",
        "Content-Length: 1000\r\n",
    );
    lost.write_all(b"lost").unwrap();
    let hidden = || fs::read_dir(data.path(".gaxx-partial")).unwrap().count();
    wait_until("both are at work", || hidden() == 2);
    agent.kill();
    drop((resumable, lost));
    let agent = agent.restart();
    assert_eq!(fs::read(data.path("a")).unwrap(), b"old");
    let at = content.len() / 2;
    assert_eq!(offset(&agent, "data/a", ID), Some(at as u64));
    wait_until("what cannot be resumed is swept", || hidden() == 1);
    let range = format!("bytes {at}-{}/{}", content.len() - 1, content.len());
    let request = agent
        .call("PUT", "/v0/files/data/a")
        .header("X-Upload-Id", ID);
    let rest = request
        .header("Content-Range", &range)
        .try_send_body(content[at..].to_vec());
    let told = rest.unwrap().expect(200).json();
    let whole = put(&agent, "data/whole", &content).expect(201).json();
    assert_eq!(told["blake3"], whole["blake3"]);
    assert!(
        fs::read(data.path("a")).unwrap() == content,
        "another content was published"
    );
    assert_eq!((hidden(), data.path("b").exists()), (0, false));
    let verified = agent.client().args(["audit", "verify"]).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn writers_of_one_path_do_not_mix() {
    let data = Data::new();
    let agent = data.agent().start();
    let bodies: Vec<Vec<u8>> = (0..8).map(|byte| vec![byte; 1_000_000]).collect();
    std::thread::scope(|scope| {
        for body in &bodies {
            scope.spawn(|| assert_eq!(put(&agent, "data/a", body).status / 100, 2));
        }
    });
    let last = fs::read(data.path("a")).unwrap();
    assert!(bodies.contains(&last), "a mixture");
    assert_eq!(get(&agent, "data/a").body, last);
}

#[test]
fn a_client_that_goes_away_publishes_nothing() {
    let data = Data::new();
    let agent = data.agent().start();
    let content = content();
    drop(half(&agent, "data/a", &content));
    let failed = || agent.metrics().value("gaxx_file_transfers_failed", &[]) == Some(1.0);
    wait_until("the upload has ended", failed);
    assert!(!data.path("a").exists());
    assert_eq!(offset(&agent, "data/a", ID), Some(content.len() as u64 / 2));
}

#[test]
fn what_nobody_resumes_is_swept_in_the_end() {
    let data = Data::new();
    let config = data
        .config("")
        .replace("    min_free", "    partial_lifetime: 1s\n    min_free");
    let agent = gaxx_tests::Agent::builder().config(&config).start();
    let request = agent
        .call("PUT", "/v0/files/data/a")
        .header("X-Upload-Id", ID);
    let piece = request
        .header("Content-Range", "bytes 0-2/9")
        .try_send_body(b"abc".to_vec());
    assert_eq!(piece.unwrap().status, 202);
    wait_until("it is swept", || offset(&agent, "data/a", ID).is_none());
}

#[test]
fn a_file_that_changes_cuts_its_download() {
    let data = Data::new();
    let agent = data.agent().start();
    let path = data.path("a");
    fs::write(&path, vec![1; 64 << 20]).unwrap();
    let mut stream = raw::open(&agent, "GET", "/v0/files/data/a", "Connection: close\r\n");
    let mut first = [0; 64];
    std::io::Read::read_exact(&mut stream, &mut first).unwrap();
    assert!(first.starts_with(b"HTTP/1.1 200"));
    // The rest waits for the reader, so that this comes before the last piece is looked at.
    let file = fs::File::options().write(true).open(&path).unwrap();
    std::os::unix::fs::FileExt::write_at(&file, b"2", 0).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    let mut rest = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
    assert!(rest.len() < 64 << 20, "a mixture came as a whole");
}
