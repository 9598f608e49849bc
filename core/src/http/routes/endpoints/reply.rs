//! The reply of a plugin, on its way to the caller.

use std::time::Duration;

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
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use warp::reply::Response;

use super::body::fault;
use crate::{
    http::{Failure, Stopping},
    plugin::{Component, nanos},
};

/// Pieces that wait for the caller; a plugin that writes more waits.
const AHEAD: usize = 4;

/// Headers that are the connection's business, not the plugin's.
const NOT_THEIRS: [HeaderName; 4] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::TE];

type Head = (StatusCode, Vec<(HeaderName, HeaderValue)>);

enum Piece {
    Bytes(Bytes),
    End,
}

struct Writing {
    head: Option<oneshot::Sender<Head>>,
    pieces: Sender<Piece>,
    stopping: Stopping,
}

/// Core's end of a reply.
pub(super) struct Answered {
    head: oneshot::Receiver<Head>,
    pieces: Receiver<Piece>,
}

/// The two ends of a reply.
pub(super) fn channel(stopping: Stopping) -> (ReplyBox, Answered) {
    let (head, head_receiver) = oneshot::channel();
    let (pieces, piece_receiver) = flume::bounded(AHEAD);
    let writing = Writing { head: Some(head), pieces, stopping };
    let answered = Answered { head: head_receiver, pieces: piece_receiver };
    (Reply_TO::from_value(writing, TD_Opaque), answered)
}

impl Answered {
    /// The response, once the plugin has said its head.
    ///
    /// `returned` ends when the plugin's call does. A call that does not return within the
    /// deadline is answered for; one that has returned may have kept the reply for later, and that
    /// may take as long as the caller waits.
    pub(super) async fn response(
        self,
        component: &Component,
        returned: oneshot::Receiver<()>,
    ) -> Response {
        let deadline = component.timing.deadline;
        let head = tokio::select! {
            head = self.head => head,
            () = hangs(returned, deadline) => {
                component.fail(super::late(component, deadline));
                return warp::Reply::into_response(Failure::new(
                    StatusCode::GATEWAY_TIMEOUT,
                    format!("{} did not answer in time", component.owner),
                    "GET /api/plugins shows its state",
                ));
            }
        };
        let Ok((status, headers)) = head else {
            let reason = component.record().failure.map(|failure| failure.message);
            tracing::warn!(component = %component.owner, ?reason, "a request was not answered");
            return warp::Reply::into_response(Failure::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("{} did not answer", component.owner),
                "GET /api/plugins shows its last error",
            ));
        };
        // warp wants a stream that is `Sync`.
        let (sender, receiver) = mpsc::channel(1);
        let pieces = self.pieces;
        tokio::spawn(async move {
            loop {
                let piece = match pieces.recv_async().await {
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

/// Ends when a call has not returned by its deadline; never if it has.
async fn hangs(returned: oneshot::Receiver<()>, deadline: Duration) {
    if tokio::time::timeout(deadline, returned).await.is_ok() {
        std::future::pending::<()>().await;
    }
}

impl Reply for Writing {
    fn head(&mut self, status: u16, headers: RVec<Header>) -> RResult<(), Fault> {
        let refused = |what: &str| RResult::RErr(fault(kind::PERMANENT, what));
        let Ok(status) = StatusCode::from_u16(status) else {
            return refused(&format!("{status} is not a status of HTTP"));
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
                .map_err(|_| fault(kind::CANCELLED, "the caller has gone"))
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
        self.send(Piece::Bytes(Bytes::copy_from_slice(piece.as_slice())), deadline)
    }

    fn finish(&mut self) -> RResult<(), Fault> {
        if self.head.is_some() {
            return RResult::RErr(fault(kind::PERMANENT, "send the head before the end"));
        }
        self.send(Piece::End, nanos(Duration::from_secs(30)))
    }

    fn is_cancelled(&self) -> bool {
        self.pieces.is_disconnected() || self.stopping.has_begun()
    }
}

impl Writing {
    fn send(&self, piece: Piece, deadline: u64) -> RResult<(), Fault> {
        self.pieces
            .send_timeout(piece, Duration::from_nanos(deadline))
            .map_err(|error| match error {
                SendTimeoutError::Timeout(_) => {
                    fault(kind::DEADLINE, "the caller does not take the answer")
                }
                SendTimeoutError::Disconnected(_) => fault(kind::CANCELLED, "the caller has gone"),
            })
            .into()
    }
}
