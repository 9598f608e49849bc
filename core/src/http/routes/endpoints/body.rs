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

use super::fate::Fate;

/// Pieces that wait for the plugin; more stay with the sender.
const AHEAD: usize = 4;
/// Stands behind the last piece, and is none itself. Without it a body that was cut off, as it is
/// when the program ends, would pass for a whole one.
const END: Bytes = Bytes::new();

struct Pieces {
    fate: Arc<Fate>,
    receiver: Receiver<Result<Bytes, String>>,
    /// What is left of a piece that was larger than asked for.
    rest: Bytes,
    ended: bool,
}

/// The plugin's end of a body. Dropping it stops the sender.
pub(super) fn channel<B: Buf + Send + 'static>(
    body: impl Stream<Item = Result<B, warp::Error>> + Send + 'static,
    fate: &Arc<Fate>,
) -> BodyBox {
    let (sender, receiver) = flume::bounded(AHEAD);
    tokio::spawn(async move {
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
    let pieces = Pieces {
        fate: Arc::clone(fate),
        receiver,
        rest: Bytes::new(),
        ended: false,
    };
    Body_TO::from_value(pieces, TD_Opaque)
}

impl Body for Pieces {
    fn read(&mut self, most: u64, deadline: u64) -> RResult<ROption<RVec<u8>>, Fault> {
        while self.rest.is_empty() {
            if self.ended {
                return RResult::ROk(ROption::RNone);
            }
            match self.receiver.recv_timeout(Duration::from_nanos(deadline)) {
                Ok(Ok(piece)) => {
                    self.ended = piece.is_empty();
                    self.rest = piece;
                }
                Ok(Err(error)) => return self.broke_off(&error),
                Err(RecvTimeoutError::Disconnected) => {
                    return self.broke_off("nothing comes any more");
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.fate.caller_failed().set();
                    return RResult::RErr(fault(kind::DEADLINE, "the body did not come in time"));
                }
            }
        }
        let most = usize::try_from(most)
            .unwrap_or(usize::MAX)
            .clamp(1, self.rest.len());
        let piece = self.rest.split_to(most);
        RResult::ROk(ROption::RSome(piece.to_vec().into()))
    }
}

impl Pieces {
    fn broke_off(&self, reason: &str) -> RResult<ROption<RVec<u8>>, Fault> {
        self.fate.caller_failed().set();
        RResult::RErr(fault(
            kind::FAILED,
            &format!("the body broke off: {reason}"),
        ))
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
        let fate = Arc::default();
        let mut body = Pieces {
            fate,
            receiver,
            rest: Bytes::new(),
            ended: false,
        };
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
}
