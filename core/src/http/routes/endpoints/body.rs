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

struct Pieces {
    fate: Arc<Fate>,
    receiver: Receiver<Result<Bytes, String>>,
    /// What is left of a piece that was larger than asked for.
    rest: Bytes,
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
            let last = piece.is_err();
            if sender.send_async(piece).await.is_err() || last {
                return;
            }
        }
    });
    let pieces = Pieces { fate: Arc::clone(fate), receiver, rest: Bytes::new() };
    Body_TO::from_value(pieces, TD_Opaque)
}

impl Body for Pieces {
    fn read(&mut self, most: u64, deadline: u64) -> RResult<ROption<RVec<u8>>, Fault> {
        while self.rest.is_empty() {
            match self.receiver.recv_timeout(Duration::from_nanos(deadline)) {
                Ok(Ok(piece)) => self.rest = piece,
                Ok(Err(error)) => {
                    self.fate.caller_failed().set();
                    return RResult::RErr(fault(kind::FAILED, &format!("the body broke off: {error}")));
                }
                Err(RecvTimeoutError::Disconnected) => return RResult::ROk(ROption::RNone),
                Err(RecvTimeoutError::Timeout) => {
                    self.fate.caller_failed().set();
                    return RResult::RErr(fault(kind::DEADLINE, "the body did not come in time"));
                }
            }
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX).clamp(1, self.rest.len());
        let piece = self.rest.split_to(most);
        RResult::ROk(ROption::RSome(piece.to_vec().into()))
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
