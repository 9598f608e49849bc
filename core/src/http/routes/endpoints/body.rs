//! The body of a request, on its way to a plugin.

use std::{sync::Arc, time::Duration};

use abi_stable::type_level::downcasting::TD_Opaque;
use bytes::{Buf, Bytes};
use flume::{Receiver, RecvTimeoutError};
use futures_util::{Stream, StreamExt};
use gaxx_abi::{
    Body_TO, BodyBox, Fault,
    abi_std::{ROption, RResult, RVec},
    fault::kind,
    http::Body,
};
use http::{HeaderMap, header};
use tokio::sync::oneshot;

use super::fate::Fate;
use crate::task;

/// Pieces that wait for the plugin, of what the connection reads at once; more stay with the sender.
const AHEAD: usize = 16;
/// What a connection reads at once, at most, in bytes.
const READ: usize = 64 << 10;
/// Stands behind the last piece, and is none itself. Without it a body that was cut off, as it is
/// when the program ends, would pass for a whole one.
const END: Bytes = Bytes::new();

struct Pieces {
    fate: Arc<Fate>,
    receiver: Receiver<Result<Bytes, String>>,
    /// Told at the first read that the body is wanted.
    wanted: Option<oneshot::Sender<()>>,
    /// What is left of a piece that was larger than asked for.
    rest: Bytes,
    /// How it ended: whole, or broken off and why.
    end: Option<Result<(), String>>,
}

/// The plugin's end of a body. Dropping it stops the sender.
///
/// A sender that asks whether it may go on (`Expect: 100-continue`) is told so when the plugin first
/// reads: what is refused is not sent at all.
pub(super) fn channel<B: Buf + Send + 'static>(
    body: impl Stream<Item = Result<B, warp::Error>> + Send + 'static,
    headers: &HeaderMap,
    fate: &Arc<Fate>,
) -> BodyBox {
    let (sender, receiver) = flume::bounded(AHEAD);
    let (wanted, asked) = oneshot::channel();
    let waits = headers.contains_key(header::EXPECT);
    task::spawn("request body", async move {
        if waits && asked.await.is_err() {
            return;
        }
        let mut body = std::pin::pin!(body);
        while let Some(piece) = body.next().await {
            let piece = match piece {
                Ok(mut piece) => Ok(piece.copy_to_bytes(piece.remaining())),
                Err(error) => Err(error.to_string()),
            };
            if piece.as_ref().is_ok_and(Bytes::is_empty) {
                continue;
            }
            let last = piece.is_err();
            if sender.send_async(piece).await.is_err() || last {
                return;
            }
        }
        // Who stops reading needs no end.
        let _ = sender.send_async(Ok(END)).await;
    });
    Body_TO::from_value(Pieces::new(receiver, Some(wanted), fate), TD_Opaque)
}

impl Body for Pieces {
    /// Waits for one piece and takes with it what else is there, so that a plugin that is slower
    /// than the sender gets large pieces.
    fn read(&mut self, most: u64, deadline: u64) -> RResult<ROption<RVec<u8>>, Fault> {
        if let Some(wanted) = self.wanted.take() {
            // Nobody hears it where the body is sent in any case.
            let _ = wanted.send(());
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
        if self.rest.is_empty() && self.end.is_none() {
            match self.receiver.recv_timeout(Duration::from_nanos(deadline)) {
                Ok(piece) => self.take(piece),
                Err(RecvTimeoutError::Disconnected) => {
                    self.end = Some(Err("nothing comes any more".to_owned()));
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.fate.caller_failed().set();
                    return RResult::RErr(fault(kind::DEADLINE, "the body did not come in time"));
                }
            }
        }
        let there = self.rest.len() + self.receiver.len() * READ;
        let mut bytes = Vec::with_capacity(there.min(most));
        loop {
            let part = self.rest.len().min(most - bytes.len());
            bytes.extend_from_slice(&self.rest.split_to(part));
            if bytes.len() == most || self.end.is_some() {
                break;
            }
            match self.receiver.try_recv() {
                Ok(piece) => self.take(piece),
                Err(_) => break,
            }
        }
        if !bytes.is_empty() {
            return RResult::ROk(ROption::RSome(bytes.into()));
        }
        match &self.end {
            Some(Err(reason)) => {
                self.fate.caller_failed().set();
                let message = format!("the body broke off: {reason}");
                RResult::RErr(fault(kind::FAILED, &message))
            }
            _ => RResult::ROk(ROption::RNone),
        }
    }
}

impl Pieces {
    fn new(
        receiver: Receiver<Result<Bytes, String>>,
        wanted: Option<oneshot::Sender<()>>,
        fate: &Arc<Fate>,
    ) -> Self {
        Self {
            fate: Arc::clone(fate),
            receiver,
            wanted,
            rest: Bytes::new(),
            end: None,
        }
    }

    fn take(&mut self, piece: Result<Bytes, String>) {
        match piece {
            Ok(piece) if piece.is_empty() => self.end = Some(Ok(())),
            Ok(piece) => self.rest = piece,
            Err(reason) => self.end = Some(Err(reason)),
        }
    }
}

pub(super) fn fault(kind: u32, message: &str) -> Fault {
    Fault {
        kind,
        message: message.into(),
        remedy: "".into(),
        retry_after: 0,
        attributes: RVec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of a body of these pieces; the fault's kind where one comes.
    fn read(pieces: &[&'static [u8]], end: bool) -> (Vec<u8>, Option<u32>) {
        let (sender, receiver) = flume::bounded(AHEAD);
        for piece in pieces.iter().copied().chain(end.then_some([].as_slice())) {
            assert!(sender.send(Ok(Bytes::from_static(piece))).is_ok());
        }
        drop(sender);
        let mut body = Pieces::new(receiver, None, &Arc::default());
        let mut whole = Vec::new();
        loop {
            // The longest time there is must not overflow a clock.
            match body.read(2, u64::MAX) {
                RResult::ROk(ROption::RSome(piece)) => whole.extend_from_slice(&piece),
                RResult::ROk(ROption::RNone) => return (whole, None),
                RResult::RErr(fault) => return (whole, Some(fault.kind)),
            }
        }
    }

    #[test]
    fn a_body_that_was_cut_off_does_not_pass_for_a_whole_one() {
        assert_eq!(read(&[b"abc", b"d"], true), (b"abcd".to_vec(), None));
        assert_eq!(read(&[], true), (Vec::new(), None));
        assert_eq!(
            read(&[b"abc", b"d"], false),
            (b"abcd".to_vec(), Some(kind::FAILED))
        );
    }

    #[test]
    fn what_is_there_is_taken_together() {
        let (sender, receiver) = flume::bounded(AHEAD);
        for piece in [&b"abc"[..], b"de", b"f", b""] {
            assert!(sender.send(Ok(Bytes::from_static(piece))).is_ok());
        }
        let mut body = Pieces::new(receiver, None, &Arc::default());
        let mut read = |most| match body.read(most, 0) {
            RResult::ROk(ROption::RSome(piece)) => Some(piece.into_vec()),
            _ => None,
        };
        assert_eq!(read(4), Some(b"abcd".to_vec()));
        assert_eq!(read(u64::MAX), Some(b"ef".to_vec()));
        assert_eq!(read(1), None);
    }
}
