//! The body of a request, read by a child.

use std::sync::{Arc, Weak};

use gaxx_abi::{
    BodyBox, Fault,
    abi_std::{ROption, RResult},
};

use super::{reply::Answer, side::Served};
use crate::isolation::wire::message::{BodyAsk, BodyTold, PIECE};

/// A body on its way to a child.
pub(super) struct Incoming {
    body: BodyBox,
    /// Lives as long as the reply to the same request.
    reply: Weak<()>,
}

impl Incoming {
    /// The body of the request that is answered so.
    pub(super) fn new(body: BodyBox, answer: &Answer) -> Self {
        let reply = Arc::downgrade(answer.alive());
        Self { body, reply }
    }
}

impl Served for Incoming {
    const THREAD: &'static str = "body";
    type Ask = BodyAsk;
    type Told = BodyTold;

    fn may_wait(&self, _ask: &BodyAsk) -> bool {
        true
    }

    fn answer(&mut self, ask: BodyAsk) -> (BodyTold, bool) {
        let told = match self.body.read(ask.most.min(PIECE as u64), ask.deadline) {
            RResult::ROk(ROption::RSome(piece)) => BodyTold::Piece(piece.into_vec()),
            RResult::ROk(ROption::RNone) => BodyTold::End,
            RResult::RErr(fault) => BodyTold::Fault(fault),
        };
        (told, false)
    }

    fn refusal(fault: Fault) -> BodyTold {
        BodyTold::Fault(fault)
    }

    /// One that is not read ends with the reply.
    fn is_forsaken(&self) -> bool {
        self.reply.strong_count() == 0
    }
}
