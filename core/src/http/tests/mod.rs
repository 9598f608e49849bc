//! A listener on a real socket, asked by clients that write bytes as they please.

#![allow(clippy::unwrap_used)]

mod authority;
mod http2;
mod logins;
mod refusals;
mod requests;
mod shutdown;
mod slow;
mod streams;
mod tls;

use std::{future, sync::Arc, time::Duration};

use futures_util::StreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, Semaphore, watch},
    time::timeout,
};
use warp::{Filter, Rejection, reply::Response};

use super::*;
use crate::security::{Access, Caller, Scope, ServerTls};

/// Waits, but not for ever: what should happen and does not is a failed test.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future)
        .await
        .expect("it never happened")
}

/// What an observer has seen.
#[derive(Debug, Clone, Default)]
struct Seen {
    accepted: usize,
    open: usize,
    in_flight: usize,
    refused: Vec<Refusal>,
    answers: Vec<Answer>,
}

#[derive(Default)]
struct Witness(watch::Sender<Seen>);

impl Observer for Witness {
    fn accepted(&self) {
        self.0.send_modify(|seen| {
            seen.accepted += 1;
            seen.open += 1;
        });
    }
    fn closed(&self) {
        self.0.send_modify(|seen| seen.open -= 1);
    }
    fn refused(&self, reason: Refusal) {
        self.0.send_modify(|seen| seen.refused.push(reason));
    }
    fn began(&self) {
        self.0.send_modify(|seen| seen.in_flight += 1);
    }
    fn answered(&self, answer: &Answer) {
        self.0.send_modify(|seen| seen.answers.push(answer.clone()));
    }
    fn ended(&self) {
        self.0.send_modify(|seen| seen.in_flight -= 1);
    }
}

/// A listener at work, and the strings its routes hang on.
struct Site {
    serving: Serving,
    witness: Arc<Witness>,
    /// A permit lets one request to `/slow` go on.
    gate: Arc<Semaphore>,
    /// Told when a handler that waited was dropped.
    dropped: Arc<Notify>,
}

impl Site {
    async fn open() -> Self {
        Self::with(Limits::default()).await
    }

    async fn with(limits: Limits) -> Self {
        Self::guarded(limits, Access::builder().build(), None).await
    }

    async fn guarded(limits: Limits, access: Arc<Access>, tls: Option<Arc<ServerTls>>) -> Self {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), "--listen")
            .await
            .unwrap();
        let guard = HostGuard::for_listener(listener.address());
        let witness = Arc::new(Witness::default());
        let (gate, dropped) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
        let routes = routes(Arc::clone(&gate), Arc::clone(&dropped));
        let observer = Arc::clone(&witness) as Arc<dyn Observer>;
        Self {
            serving: listener.serve(
                routes,
                Setup {
                    limits,
                    guard,
                    observer,
                    access,
                    tls,
                },
            ),
            witness,
            gate,
            dropped,
        }
    }

    async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.serving.address()).await.unwrap())
    }

    /// Sends bytes on a fresh connection, and gives all that comes until the server closes.
    async fn tell(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect().await;
        client.send(bytes).await;
        client.rest().await
    }

    /// Asks for one path, with more header lines, on a connection of its own.
    async fn ask(&self, method: &str, path: &str, more: &str) -> String {
        self.tell(format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n"
        ))
        .await
    }

    /// Waits until the observer has seen this.
    async fn until(&self, seen: impl FnMut(&Seen) -> bool) -> Seen {
        let mut seeing = self.witness.0.subscribe();
        soon(seeing.wait_for(seen)).await.unwrap().clone()
    }
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// All that comes until the server closes, in whatever way.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = soon(self.0.read_to_end(&mut bytes)).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What comes up to and with `end`.
    async fn up_to(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end.as_bytes()) {
            let byte = soon(self.0.read_u8()).await;
            bytes.push(byte.unwrap_or_else(|error| {
                panic!("{error} after {}", String::from_utf8_lossy(&bytes))
            }));
        }
        String::from_utf8(bytes).unwrap()
    }
}

fn head(answer: &str) -> String {
    answer
        .split("\r\n\r\n")
        .next()
        .unwrap()
        .to_ascii_lowercase()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no answer but {answer:?}"))
}

/// The answer is a failure of this status, as JSON, with a remedy.
fn assert_failure(answer: &str, of: u16) {
    assert_eq!(status(answer), of, "{answer}");
    assert!(
        head(answer).contains("content-type: application/json"),
        "{answer}"
    );
    let json: serde_json::Value = serde_json::from_str(body(answer)).unwrap();
    for key in ["error", "remedy"] {
        assert!(!json[key].as_str().unwrap().is_empty(), "{answer}");
    }
}

struct TellsDrop(Arc<Notify>);

impl Drop for TellsDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

fn routes(
    gate: Arc<Semaphore>,
    dropped: Arc<Notify>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let page = warp::path::end()
        .and(methods::get("index"))
        .map(|| Response::new("the index".into()));
    let slow = warp::path!("slow").and(methods::get("slow")).then(move || {
        let (gate, witness) = (Arc::clone(&gate), TellsDrop(Arc::clone(&dropped)));
        async move {
            let _witness = witness;
            gate.acquire().await.unwrap().forget();
            Response::new("slow, but here".into())
        }
    });
    let peer = warp::path!("peer")
        .and(methods::get("peer"))
        .and(warp::ext::get::<Peer>())
        .map(|peer: Peer| Response::new(peer.address.to_string().into()));
    let both = warp::path!("both")
        .and(methods::get("both"))
        .map(|| Response::new("read".into()))
        .or(warp::path!("both")
            .and(methods::post("both"))
            .and(warp::body::json::<Vec<u8>>())
            .map(|_| Response::new("written".into())))
        .unify();
    let failing = warp::path!("failing")
        .and(methods::get("failing"))
        .and_then(|| async {
            Err::<Response, _>(warp::reject::custom(Failure::unavailable("no", "wait")))
        });
    let panics_in_body = warp::path!("panic-in-body")
        .and(methods::get("panic"))
        .map(|| {
            let pieces = futures_util::stream::repeat_with(|| -> Result<Vec<u8>, BindError> {
                panic!("on purpose, in the body")
            });
            warp::Reply::into_response(warp::reply::stream(pieces))
        });
    let panics = warp::path!("panic")
        .and(methods::get("panic"))
        .map(|| -> Response { panic!("on purpose") })
        .or(warp::path!("panic-later")
            .and(methods::get("panic"))
            .then(|| async {
                tokio::task::yield_now().await;
                future::ready(None::<Response>)
                    .await
                    .expect("on purpose, later")
            }))
        .unify();
    page.or(slow)
        .unify()
        .or(peer)
        .unify()
        .or(both)
        .unify()
        .or(failing)
        .unify()
        .or(panics)
        .unify()
        .or(panics_in_body)
        .unify()
        .or(streams())
        .unify()
        .or(scoped())
        .unify()
}

fn scoped() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let caller = warp::path!("caller")
        .and(methods::get("caller"))
        .and(warp::ext::get::<Caller>())
        .map(|caller: Caller| {
            let who = format!(
                "{} ({}): {}",
                caller.name,
                caller.proof.label(),
                caller.scopes
            );
            Response::new(who.into())
        });
    let read = warp::path!("read")
        .and(methods::get("read"))
        .and(needs(Scope::Read))
        .map(|| Response::new("to be read".into()));
    let exec = warp::path!("exec")
        .and(methods::post("exec"))
        .and(needs(Scope::Exec))
        .map(|| Response::new("done".into()));
    caller.or(read).unify().or(exec).unify()
}

fn streams() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let echo = warp::path!("echo")
        .and(methods::post("echo"))
        .and(warp::body::stream())
        .map(|pieces| warp::Reply::into_response(warp::reply::stream(streams::bytes_of(pieces))));
    let large = warp::path!("large")
        .and(methods::get("large"))
        .map(|| Response::new(vec![b'x'; 16 << 20].into()));
    let endless = warp::path!("endless").and(methods::get("endless")).map(|| {
        let pieces = futures_util::stream::repeat_with(|| Ok::<_, BindError>(vec![b'x'; 8192]));
        warp::Reply::into_response(warp::reply::stream(pieces))
    });
    let events = warp::path!("events")
        .and(methods::get("events"))
        .and(warp::ext::get::<Stopping>())
        .map(|stopping: Stopping| {
            let events =
                futures_util::stream::once(async { warp::sse::Event::default().data("first") })
                    .chain(futures_util::stream::pending())
                    .map(Ok::<_, std::convert::Infallible>);
            let alive = warp::sse::keep_alive()
                .interval(Duration::from_millis(20))
                .stream(stopping.end(events));
            warp::Reply::into_response(warp::sse::reply(alive))
        });
    echo.or(large)
        .unify()
        .or(endless)
        .unify()
        .or(events)
        .unify()
}
