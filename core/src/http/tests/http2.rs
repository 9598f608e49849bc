//! HTTP/2 with prior knowledge, frame by frame (RFC 9113).

use super::*;
use crate::task;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Headers from HPACK's static table (RFC 7541, appendix A), names and values as literals.
fn request(method: u8, path: &str, authority: &str) -> Vec<u8> {
    let mut block = vec![method, 0x86];
    for (name, value) in [(0x04, path), (0x01, authority)] {
        block.extend([name, u8::try_from(value.len()).unwrap()]);
        block.extend(value.as_bytes());
    }
    block
}

const GET: u8 = 0x82;

impl Client {
    async fn greet(&mut self) {
        self.send([PREFACE, &frame(SETTINGS, 0, 0, &[])].concat())
            .await;
    }

    async fn get(&mut self, stream: u32, path: &str, authority: &str) {
        let block = request(GET, path, authority);
        self.send(frame(HEADERS, END_STREAM | END_HEADERS, stream, &block))
            .await;
    }

    /// The next frame, or nothing when the server has closed.
    async fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        soon(self.0.read_exact(&mut head)).await.ok()?;
        let [_, one, two, three] = u32::from_be_bytes([0, head[0], head[1], head[2]]).to_be_bytes();
        let mut payload = vec![0; u32::from_be_bytes([0, one, two, three]) as usize];
        soon(self.0.read_exact(&mut payload)).await.ok()?;
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload,
        })
    }

    /// The first frame of that kind.
    async fn frame_of(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.frame().await.expect("the server closed");
            if frame.kind == kind {
                return frame;
            }
        }
    }
}

#[tokio::test]
async fn requests_share_a_connection() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client.greet().await;
    client.get(1, "/slow", "localhost").await;
    client.get(3, "/", "localhost").await;
    let quick = client.frame_of(HEADERS).await;
    assert_eq!(
        (quick.stream, quick.payload[0]),
        (3, 0x88),
        "status 200 on the second"
    );
    assert_eq!(client.frame_of(DATA).await.payload, b"the index");
    site.gate.add_permits(1);
    let slow = client.frame_of(HEADERS).await;
    assert_eq!((slow.stream, slow.payload[0]), (1, 0x88));
    assert_eq!(client.frame_of(DATA).await.payload, b"slow, but here");
}

#[tokio::test]
async fn head_has_no_data_frame_with_bytes() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client.greet().await;
    // The method as a literal: HEAD is not in the static table.
    let mut block = vec![0x02, 4];
    block.extend(b"HEAD");
    block.extend(&request(GET, "/", "localhost")[1..]);
    client
        .send(frame(HEADERS, END_STREAM | END_HEADERS, 1, &block))
        .await;
    let answer = client.frame_of(HEADERS).await;
    assert_eq!(answer.payload[0], 0x88);
    assert_eq!(answer.flags & END_STREAM, END_STREAM);
}

#[tokio::test]
async fn the_authority_is_guarded_like_a_host() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client.greet().await;
    client.get(1, "/", "evil.example").await;
    client.frame_of(HEADERS).await;
    let answer = client.frame_of(DATA).await.payload;
    assert!(String::from_utf8(answer).unwrap().contains("evil.example"));
    let seen = site.until(|seen| seen.answers.len() == 1).await;
    assert_eq!(
        (seen.answers[0].status, seen.refused),
        (421, vec![Refusal::Host])
    );
}

#[tokio::test]
async fn a_stream_whose_window_stays_shut_is_cut_off() {
    let stall_time = Duration::from_millis(200);
    let site = Site::with(Limits {
        stall_time,
        ..Limits::default()
    })
    .await;
    let mut client = site.connect().await;
    client.greet().await;
    client.get(1, "/endless", "localhost").await;
    // Reads all there is, but never opens the window of 64 KiB again.
    while client.frame().await.is_some() {}
    let seen = site
        .until(|seen| seen.open == 0 && seen.in_flight == 0)
        .await;
    assert_eq!(seen.refused, [Refusal::Stalled]);
}

#[tokio::test]
async fn a_shutdown_says_goodbye_and_cuts_handlers_that_stay() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client.greet().await;
    client.get(1, "/slow", "localhost").await;
    site.until(|seen| seen.in_flight == 1).await;
    let cut = task::spawn("test", site.serving.shutdown(Duration::from_millis(300)));
    client.frame_of(GOAWAY).await;
    assert_eq!(soon(cut).await.unwrap(), 1);
    soon(site.dropped.notified()).await;
}

/// The streams of a connection are tasks that hyper spawns.
#[tokio::test]
async fn what_answers_a_stream_is_listed_beneath_its_connection() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client.greet().await;
    client.get(1, "/slow", "localhost").await;
    site.until(|seen| seen.in_flight == 1).await;
    let tasks = task::list();
    let parent = |task: &task::Task| tasks.iter().find(|one| Some(one.id) == task.parent);
    let streams = tasks.iter().filter(|task| task.name == "stream");
    let mut lines = streams.filter_map(|stream| {
        let connection = parent(stream)?;
        Some([connection.name, parent(connection)?.name])
    });
    assert!(lines.any(|names| names == ["connection", "listener"]));
    site.gate.add_permits(1);
}
