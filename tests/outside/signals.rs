//! How it ends: SIGTERM and SIGINT with requests in flight, and a second signal.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use gaxx_tests::{BOUND, Monitor, wait_until};
use rustix::process::Signal;

#[test]
fn each_signal_ends_it_with_exit_code_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut monitor = Monitor::builder().start();
        monitor.wait_ready();
        monitor.signal(signal);
        assert_eq!(monitor.wait_exit(BOUND).code(), Some(0), "{signal:?}");
    }
}

#[test]
fn an_open_stream_does_not_hold_it() {
    let mut monitor = Monitor::builder().start();
    let (status, _, mut events) = monitor.request("GET", "/api/events").open().unwrap();
    assert_eq!(status, 200);
    assert!(events.read(&mut [0; 16]).unwrap() > 0);
    monitor.signal(Signal::TERM);
    // An open stream never ends by itself, so any end shows that it was ended.
    assert_eq!(monitor.wait_exit(BOUND).code(), Some(0));
}

#[test]
fn a_request_in_flight_is_answered() {
    let mut monitor = Monitor::builder().start();
    monitor.wait_ready();
    let mut slow = SlowReader::connect(&monitor);
    monitor.signal(Signal::TERM);
    // It is in the middle of an answer when the signal comes, and reading goes on only now.
    wait_until("new connections are refused", || {
        TcpStream::connect(monitor.address()).is_err()
    });
    let answers = slow.read_all();
    assert!(
        whole_answers(&answers).is_ok_and(|whole| whole >= 1),
        "{:?}",
        whole_answers(&answers)
    );
    assert_eq!(monitor.wait_exit(BOUND).code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut monitor = Monitor::builder().start();
    monitor.wait_ready();
    let _slow = SlowReader::connect(&monitor);
    let start = Instant::now();
    monitor.signal(Signal::TERM);
    // Both at the same moment would be one signal.
    wait_until("new connections are refused", || {
        TcpStream::connect(monitor.address()).is_err()
    });
    monitor.signal(Signal::TERM);
    let status = monitor.wait_exit(BOUND);
    let patience = Duration::from_secs(5);
    assert!(
        start.elapsed() < patience,
        "{status:?} only after {:?}",
        start.elapsed()
    );
}

/// A client that asks for more than the buffers between the two hold, and does not read.
struct SlowReader {
    stream: TcpStream,
}

impl SlowReader {
    fn connect(monitor: &Monitor) -> Self {
        let mut stream = TcpStream::connect(monitor.address()).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let request = format!(
            "GET /api/metrics HTTP/1.1\r\nHost: {}\r\n\r\n",
            monitor.address()
        );
        stream.write_all(request.repeat(400).as_bytes()).unwrap();
        // The first byte shows that answers have begun.
        stream.peek(&mut [0]).unwrap();
        Self { stream }
    }

    fn read_all(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        // A reset after the last answer is as good an end as a plain one.
        let _ = self.stream.read_to_end(&mut all);
        all
    }
}

/// How many answers there are, if the last one is whole.
fn whole_answers(mut bytes: &[u8]) -> Result<usize, String> {
    let mut count = 0;
    while !bytes.is_empty() {
        let end = find(bytes, b"\r\n\r\n").ok_or("a head is cut off")? + 4;
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        bytes = &bytes[end..];
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length = match length {
            Some(length) => length.trim().parse().map_err(|_| "a bad length")?,
            None => find(bytes, b"\r\n0\r\n\r\n").ok_or("chunks are cut off")? + 7,
        };
        bytes = bytes.get(length..).ok_or("a body is cut off")?;
        count += 1;
    }
    Ok(count)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[test]
fn a_cut_answer_is_noticed() {
    let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    assert_eq!(whole_answers(whole), Ok(1));
    assert_eq!(whole_answers(&whole.repeat(2)), Ok(2));
    assert!(whole_answers(&whole[..whole.len() - 1]).is_err());
    assert!(whole_answers(&whole[..10]).is_err());
}
