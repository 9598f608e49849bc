//! A receiver that answers as it is told.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::message::WriteRequest;

/// A receiver, as long as it is not dropped.
pub(super) struct Receiver {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// What the next requests are answered; 204 after these.
    answers: VecDeque<u16>,
    taken: Vec<Taken>,
    ends: bool,
}

/// A request that came, and how it was answered.
pub(super) struct Taken {
    /// The head, in lower case.
    pub(super) head: String,
    pub(super) request: WriteRequest,
    pub(super) status: u16,
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
        format!("http://{}/api/v1/write", self.address)
    }

    /// What the next requests are answered.
    pub(super) fn answer(&self, answers: &[u16]) {
        self.shared.lock().unwrap().answers.extend(answers);
    }

    /// The requests since it was asked before.
    pub(super) fn taken(&self) -> Vec<Taken> {
        std::mem::take(&mut self.shared.lock().unwrap().taken)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.lock().unwrap().ends = true;
        // It waits for one more.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the receiver was sent what it must not be sent");
        }
    }
}

fn answer(stream: &TcpStream, shared: &Mutex<Shared>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if !matches!(reader.read_line(&mut head), Ok(1..)) {
            // It has given up: there was no time.
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
    let mut shared = shared.lock().unwrap();
    let status = shared.answers.pop_front().unwrap_or(204);
    shared.taken.push(Taken {
        head,
        request: WriteRequest::read(&body),
        status,
    });
    let length = if status == 204 {
        ""
    } else {
        "Content-Length: 0\r\n"
    };
    // Whoever has given up waiting is not told.
    let mut stream = stream;
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\n{length}Connection: close\r\n\r\n"
    );
}
