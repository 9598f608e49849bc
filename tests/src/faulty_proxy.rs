//! A proxy that fails as networks and receivers do, as a seed decides.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::random::Random;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It passes.
    None,
    /// It is answered 429 with `Retry-After: 1`, and does not pass.
    TooMany,
    /// It is answered 503, and does not pass.
    Unavailable,
    /// It is answered 500, and does not pass.
    Broken,
    /// The connection is reset in the middle of it.
    Reset,
    /// It passes, and half of the answer comes back.
    HalfAnswer,
    /// It passes, and the connection ends without an answer.
    NoAnswer,
    /// It passes, and the answer comes after the proxy's patience.
    Slow,
}

impl Fault {
    /// All that fail.
    pub const ALL: [Self; 7] = [
        Self::TooMany,
        Self::Unavailable,
        Self::Broken,
        Self::Reset,
        Self::HalfAnswer,
        Self::NoAnswer,
        Self::Slow,
    ];
}

/// A proxy before a receiver of POST requests on 127.0.0.1, as long as it is not dropped.
#[derive(Debug)]
pub struct FaultyProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    slow: Duration,
    calm: AtomicBool,
    ends: AtomicBool,
    done: Mutex<Vec<Fault>>,
}

impl FaultyProxy {
    /// Before this `HOST:PORT`. Of four requests one fails, on average, slow ones by so much.
    #[track_caller]
    pub fn start(upstream: &str, seed: u64, slow: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            slow,
            calm: AtomicBool::new(false),
            ends: AtomicBool::new(false),
            done: Mutex::default(),
        });
        let own = Arc::clone(&shared);
        let mut random = Random::new(seed);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if own.ends.load(Ordering::SeqCst) {
                    return;
                }
                let fault = match random.below(4) {
                    0 if !own.calm.load(Ordering::SeqCst) => *random.pick(&Fault::ALL),
                    _ => Fault::None,
                };
                let Ok(stream) = stream else { continue };
                let own = Arc::clone(&own);
                // Each on a thread: a slow one holds up no other.
                thread::spawn(move || own.pass(&stream, fault));
            }
        });
        Self { address, shared }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on all passes.
    pub fn calm(&self) {
        self.shared.calm.store(true, Ordering::SeqCst);
    }

    /// What has become of the requests until now, in their order.
    pub fn done(&self) -> Vec<Fault> {
        let done = self.shared.done.lock();
        done.unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

impl Drop for FaultyProxy {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        // It waits for one more.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    /// Passes a request on, or fails; a client that has given up is no concern.
    fn pass(&self, mut client: &TcpStream, fault: Fault) -> Option<()> {
        let mut reader = BufReader::new(client);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0)];
        if fault == Fault::Reset {
            // What was not read resets the connection when it is closed.
            reader.read_exact(&mut body[..1]).ok()?;
            self.note(fault);
            return None;
        }
        reader.read_exact(&mut body).ok()?;
        let status = match fault {
            Fault::TooMany => "429 Too Many Requests\r\nRetry-After: 1".to_owned(),
            Fault::Unavailable => "503 Service Unavailable".to_owned(),
            Fault::Broken => "500 Internal Server Error".to_owned(),
            _ => self.forward(&head, &body)?,
        };
        self.note(fault);
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let answer = match fault {
            Fault::NoAnswer => "",
            Fault::HalfAnswer => &answer[..answer.len() / 2],
            _ => &answer,
        };
        if fault == Fault::Slow {
            thread::sleep(self.slow);
        }
        client.write_all(answer.as_bytes()).ok()
    }

    fn note(&self, fault: Fault) {
        let done = self.done.lock();
        done.unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(fault);
    }

    /// The status of the receiver's answer; a success is 200, which may have a length.
    fn forward(&self, head: &str, body: &[u8]) -> Option<String> {
        let mut upstream = TcpStream::connect(&self.upstream).ok()?;
        upstream.write_all(head.as_bytes()).ok()?;
        upstream.write_all(body).ok()?;
        let mut line = String::new();
        BufReader::new(&upstream).read_line(&mut line).ok()?;
        let status = line.split_once(' ')?.1.trim();
        Some(if status.starts_with('2') {
            "200 OK".to_owned()
        } else {
            status.to_owned()
        })
    }
}
