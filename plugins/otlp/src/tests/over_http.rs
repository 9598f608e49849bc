//! Delivery by HTTP.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use flate2::read::GzDecoder;
use gaxx_sdk::{
    ErrorKind, json,
    testing::{self, Measurements},
};
use prost::Message;

use crate::{
    Otlp,
    message::{ExportMetricsServiceRequest, ExportMetricsServiceResponse, PartialSuccess},
};

/// A receiver that answers as it is told, as long as it is not dropped.
pub(super) struct Receiver {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// What the next requests are answered: status and body; 200 after these.
    answers: VecDeque<(u16, Vec<u8>)>,
    taken: Vec<Taken>,
    ends: bool,
}

/// A request that came.
pub(super) struct Taken {
    /// The head, in lower case.
    head: String,
    pub(super) request: ExportMetricsServiceRequest,
}

impl Receiver {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Mutex<Shared>>::default();
        let own = Arc::clone(&shared);
        let serve = move || {
            for stream in listener.incoming() {
                if own.lock().unwrap().ends {
                    return;
                }
                answer(&stream.unwrap(), &own);
            }
        };
        Self {
            address,
            shared,
            thread: Some(thread::spawn(serve)),
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn taken(&self) -> Vec<Taken> {
        std::mem::take(&mut self.shared.lock().unwrap().taken)
    }

    fn answer(&self, status: u16, body: Vec<u8>) {
        self.shared
            .lock()
            .unwrap()
            .answers
            .push_back((status, body));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.lock().unwrap().ends = true;
        // It waits for one more.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                thread::panicking() || ended.is_ok(),
                "it was sent what it must not be"
            );
        }
    }
}

fn answer(mut stream: &TcpStream, shared: &Mutex<Shared>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if !matches!(reader.read_line(&mut head), Ok(1..)) {
            return;
        }
    }
    let head = head.to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    if head.contains("content-encoding: gzip") {
        let mut plain = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
        body = plain;
    }
    let mut shared = shared.lock().unwrap();
    let request = ExportMetricsServiceRequest::decode(&body[..]).unwrap();
    shared.taken.push(Taken { head, request });
    let (status, body) = shared.answers.pop_front().unwrap_or((200, Vec::new()));
    let mut whole = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/x-protobuf\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    whole.extend(body);
    // Whoever has given up waiting is not told.
    let _ = stream.write_all(&whole);
}

fn measured() -> Measurements {
    Measurements::default()
        .counter("a_total", &[], 1.0)
        .gauge("b", &[], 2.0)
}

#[test]
fn the_head_says_what_it_is() {
    let receiver = Receiver::new();
    for (compression, says) in [("gzip", true), ("none", false)] {
        let settings = json!({
            "endpoint": receiver.url(), "compression": compression, "headers": { "X-Scope": "me" },
        });
        let mut exporter = testing::exporter::<Otlp>(settings).unwrap();
        exporter.export(&measured()).unwrap();
        let taken = receiver.taken();
        let head = &taken[0].head;
        assert!(head.starts_with("post /v1/metrics http/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-protobuf\r\n"));
        assert!(head.contains("x-scope: me\r\n"));
        assert_eq!(head.contains("content-encoding: gzip\r\n"), says);
    }
}

#[test]
fn what_was_taken_in_part_is_counted_and_not_sent_again() {
    let receiver = Receiver::new();
    let partial_success = Some(PartialSuccess {
        rejected_data_points: 3,
        error_message: "too old".to_owned(),
    });
    let body = ExportMetricsServiceResponse { partial_success }.encode_to_vec();
    receiver.answer(200, body);
    let settings = json!({ "endpoint": receiver.url() });
    let mut exporter = testing::exporter::<Otlp>(settings).unwrap();
    exporter.export(&measured()).unwrap();
    let logged = exporter.log();
    assert!(
        logged.iter().any(|line| line.message.contains("too old")),
        "{logged:?}"
    );
    let rejected = exporter
        .samples()
        .value("gaxx_otlp_rejected_points_total", &[("exporter", "otlp")]);
    assert_eq!(rejected, Some(3.0));
    assert_eq!(receiver.taken().len(), 1);
}

#[test]
fn failures_pass_or_do_not_and_what_was_taken_is_not_sent_again() {
    let receiver = Receiver::new();
    let settings = json!({ "endpoint": receiver.url(), "max_points": 1 });
    let mut exporter = testing::exporter::<Otlp>(settings).unwrap();
    receiver.answer(200, Vec::new());
    for status in [429, 500, 503] {
        receiver.answer(status, Vec::new());
        let error = exporter.export(&measured()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
    }
    exporter.export(&measured()).unwrap();
    // The first request once, the second four times.
    assert_eq!(receiver.taken().len(), 5);
    receiver.answer(400, Vec::new());
    let error = exporter.export(&measured().at(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    // The others were sent nevertheless.
    assert_eq!(receiver.taken().len(), 2);
}
