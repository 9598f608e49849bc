//! A receiver for exporters under test.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// An HTTP receiver on a free port of 127.0.0.1 that answers as it is told, as long as it is not
/// dropped. It takes one request after the other, each on a connection of its own.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// What the next requests are answered: status and body.
    answers: VecDeque<(u16, Vec<u8>)>,
    taken: Vec<Received>,
    ends: bool,
}

/// A request that came, and how it was answered.
#[derive(Debug, Clone)]
pub struct Received {
    /// The head, in lower case.
    pub head: String,
    /// The body, as it came.
    pub body: Vec<u8>,
    /// The status of the answer.
    pub status: u16,
}

impl Receiver {
    /// One that answers with this status, and nothing in the body, until it is told otherwise.
    ///
    /// # Panics
    ///
    /// Where this machine has no free port.
    pub fn new(usual: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::<Mutex<Shared>>::default();
        let own = Arc::clone(&shared);
        let serve = move || {
            for stream in listener.incoming() {
                if lock(&own).ends {
                    return;
                }
                answer(
                    &stream.expect("a connection that came can be taken"),
                    usual,
                    &own,
                );
            }
        };
        Self {
            address,
            shared,
            thread: Some(thread::spawn(serve)),
        }
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What one more of the next requests is answered.
    pub fn answer(&self, status: u16, body: &[u8]) {
        lock(&self.shared)
            .answers
            .push_back((status, body.to_vec()));
    }

    /// The requests since it was asked before.
    pub fn taken(&self) -> Vec<Received> {
        std::mem::take(&mut lock(&self.shared).taken)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        lock(&self.shared).ends = true;
        // It waits for one more.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                thread::panicking() || ended.is_ok(),
                "the receiver was sent what it must not be sent"
            );
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(mut stream: &TcpStream, usual: u16, shared: &Mutex<Shared>) {
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
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.expect("what is sent has a length")];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let mut shared = lock(shared);
    let (status, answer) = shared.answers.pop_front().unwrap_or((usual, Vec::new()));
    shared.taken.push(Received { head, body, status });
    // 204 has no body, and so no length either.
    let length = match status {
        204 => String::new(),
        _ => format!("Content-Length: {}\r\n", answer.len()),
    };
    let mut whole = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/x-protobuf\r\n{length}Connection: close\r\n\r\n"
    )
    .into_bytes();
    whole.extend(answer);
    // Whoever has given up waiting is not told.
    let _ = stream.write_all(&whole);
}
