//! The reply to a request, written by a child.

use std::sync::Arc;

use gaxx_abi::{Fault, ReplyBox, abi_std::RResult};

use super::side::Served;
use crate::isolation::wire::message::{ReplyAsk, ReplyTold};

pub(super) type Ask = ReplyAsk;

/// A reply on its way from a child. It is dropped as soon as the plugin drops its end.
pub(super) struct Answer {
    reply: ReplyBox,
    /// Whether a piece of the body was written.
    begun: bool,
    alive: Arc<()>,
}

impl Answer {
    pub(super) fn new(reply: ReplyBox) -> Self {
        Self {
            reply,
            begun: false,
            alive: Arc::new(()),
        }
    }

    /// Dropped with the reply.
    pub(super) fn alive(&self) -> &Arc<()> {
        &self.alive
    }
}

impl Served for Answer {
    const THREAD: &'static str = "reply";
    type Ask = ReplyAsk;
    type Told = ReplyTold;

    /// Core's end has room for a first piece and for the end behind it.
    fn may_wait(&self, ask: &ReplyAsk) -> bool {
        self.begun && matches!(ask, ReplyAsk::Write(..))
    }

    fn answer(&mut self, ask: ReplyAsk) -> (ReplyTold, bool) {
        let mut last = false;
        let done = match ask {
            ReplyAsk::Head { status, headers } => self.reply.head(status, headers),
            ReplyAsk::Write(piece, deadline) => {
                self.begun = true;
                self.reply.write(piece.as_slice().into(), deadline)
            }
            ReplyAsk::Finish => {
                let done = self.reply.finish();
                last = done.is_ok();
                done
            }
            ReplyAsk::IsCancelled => {
                return (ReplyTold::Cancelled(self.reply.is_cancelled()), false);
            }
        };
        let told = match done {
            RResult::ROk(()) => ReplyTold::Done,
            RResult::RErr(fault) => ReplyTold::Fault(fault),
        };
        (told, last)
    }

    fn refusal(fault: Fault) -> ReplyTold {
        ReplyTold::Fault(fault)
    }

    /// Nobody waits for one whose caller has gone.
    fn is_forsaken(&self) -> bool {
        self.reply.is_cancelled()
    }
}
