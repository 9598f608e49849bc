//! The reply of a plugin, on its way to the caller.

use std::{sync::Arc, time::Duration};

use abi_stable::type_level::downcasting::TD_Opaque;
use bytes::Bytes;
use flume::{Receiver, SendTimeoutError, Sender};
use gaxx_abi::{
    Fault, Header, Reply_TO, ReplyBox,
    abi_std::{RResult, RSlice, RVec},
    fault::kind,
    http::Reply,
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use warp::reply::Response;

use super::{body::fault, fate::Fate};
use crate::{
    http::{Failure, Stopping},
    plugin::{Component, nanos},
    task,
};

/// Pieces that wait for the caller; a plugin that writes more waits.
const AHEAD: usize = 4;

/// Headers that are the connection's business, not the plugin's.
const NOT_THEIRS: [HeaderName; 4] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
];

type Head = (StatusCode, Vec<(HeaderName, HeaderValue)>);

enum Piece {
    Bytes(Bytes),
    End,
}

struct Writing {
    head: Option<oneshot::Sender<Head>>,
    pieces: Sender<Piece>,
    finished: bool,
    stopping: Stopping,
    fate: Arc<Fate>,
}

/// Core's end of a reply.
pub(super) struct Answered {
    head: oneshot::Receiver<Head>,
    pieces: Receiver<Piece>,
    fate: Arc<Fate>,
}

/// The two ends of a reply.
pub(super) fn channel(stopping: Stopping, fate: &Arc<Fate>) -> (ReplyBox, Answered) {
    let (head, head_receiver) = oneshot::channel();
    let (pieces, piece_receiver) = flume::bounded(AHEAD);
    let (head, fate) = (Some(head), Arc::clone(fate));
    let answered = Answered {
        head: head_receiver,
        pieces: piece_receiver,
        fate: Arc::clone(&fate),
    };
    let writing = Writing {
        head,
        pieces,
        finished: false,
        stopping,
        fate,
    };
    (Reply_TO::from_value(writing, TD_Opaque), answered)
}

impl Answered {
    /// The response, once the plugin has said its head, or why there is none.
    pub(super) async fn response(mut self, component: &Component) -> Response {
        let (status, headers) = match self.head(component).await {
            Ok(head) => head,
            Err(failure) => return warp::Reply::into_response(failure),
        };
        // warp wants a stream that is `Sync`.
        let (sender, receiver) = mpsc::channel(1);
        let pieces = self.pieces;
        task::spawn("reply body", async move {
            loop {
                let piece = tokio::select! {
                    piece = pieces.recv_async() => piece,
                    () = sender.closed() => return,
                };
                let piece = match piece {
                    Ok(Piece::Bytes(bytes)) => Ok(bytes),
                    Ok(Piece::End) => return,
                    // Cut the connection: half an answer must not pass for a whole one.
                    Err(_) => Err("the plugin left its reply unfinished"),
                };
                let cut = piece.is_err();
                if sender.send(piece).await.is_err() || cut {
                    return;
                }
            }
        });
        let mut response =
            warp::Reply::into_response(warp::reply::stream(ReceiverStream::new(receiver)));
        *response.status_mut() = status;
        response.headers_mut().clear();
        response.headers_mut().extend(headers);
        response
    }
}

impl Answered {
    async fn head(&mut self, component: &Component) -> Result<Head, Failure> {
        let owner = &component.owner;
        let mut head = timeout(component.timing.deadline, &mut self.head).await;
        if head.is_err() && self.fate.returned().is_set() {
            // It has kept the reply for later: that may take as long as the caller waits.
            head = Ok((&mut self.head).await);
        }
        match head {
            Ok(Ok(head)) => Ok(head),
            Ok(Err(_)) if self.fate.caller_failed().is_set() => Err(Failure::new(
                StatusCode::REQUEST_TIMEOUT,
                "the body of the request did not come in time",
                "send the whole body without a long pause",
            )),
            Ok(Err(_)) => Err(Failure::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("{owner} did not answer"),
                "GET /api/plugins shows its last error",
            )),
            Err(_) => Err(Failure::new(
                StatusCode::GATEWAY_TIMEOUT,
                format!("{owner} did not answer in time"),
                format!("raise plugins.{}.deadline if it needs longer", owner.plugin),
            )),
        }
    }
}

impl Reply for Writing {
    fn head(&mut self, status: u16, headers: RVec<Header>) -> RResult<(), Fault> {
        let refused = |what: &str| RResult::RErr(fault(kind::PERMANENT, what));
        // Those below 200 are no answers: the connection itself has them.
        let Some(status) = StatusCode::from_u16(status)
            .ok()
            .filter(|code| !code.is_informational())
        else {
            return refused(&format!("{status} is not a status of an answer in HTTP"));
        };
        let mut checked = Vec::new();
        for Header { name, value } in headers {
            let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_bytes(&value),
            ) else {
                return refused(&format!("the header {name} cannot be sent"));
            };
            if !NOT_THEIRS.contains(&name) {
                checked.push((name, value));
            }
        }
        match self.head.take() {
            None => refused("the head was sent already"),
            Some(head) => head
                .send((status, checked))
                .map_err(|_| self.caller_has_gone())
                .into(),
        }
    }

    fn write(&mut self, piece: RSlice<'_, u8>, deadline: u64) -> RResult<(), Fault> {
        if self.head.is_some() {
            return RResult::RErr(fault(kind::PERMANENT, "send the head before the body"));
        }
        if piece.is_empty() {
            return RResult::ROk(());
        }
        self.send(
            Piece::Bytes(Bytes::copy_from_slice(piece.as_slice())),
            deadline,
        )
    }

    fn finish(&mut self) -> RResult<(), Fault> {
        if self.head.is_some() {
            return RResult::RErr(fault(kind::PERMANENT, "send the head before the end"));
        }
        self.finished = true;
        self.send(Piece::End, nanos(Duration::from_secs(30)))
    }

    fn is_cancelled(&self) -> bool {
        let cancelled = self.pieces.is_disconnected() || self.stopping.has_begun();
        if cancelled {
            // A plugin that gives up on being told so does what it should.
            self.fate.caller_failed().set();
        }
        cancelled
    }
}

impl Writing {
    fn send(&self, piece: Piece, deadline: u64) -> RResult<(), Fault> {
        let sent = self
            .pieces
            .send_timeout(piece, Duration::from_nanos(deadline));
        sent.map_err(|error| match error {
            SendTimeoutError::Disconnected(_) => self.caller_has_gone(),
            SendTimeoutError::Timeout(_) => {
                self.fate.caller_failed().set();
                fault(kind::DEADLINE, "the caller does not take the answer")
            }
        })
        .into()
    }

    fn caller_has_gone(&self) -> Fault {
        self.fate.caller_failed().set();
        fault(kind::CANCELLED, "the caller has gone")
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.pieces.is_disconnected() {
            self.fate.caller_failed().set();
        }
        if self.head.is_some() {
            self.fate.unanswered().set();
        } else if !self.finished {
            self.fate.unfinished().set();
        }
    }
}
