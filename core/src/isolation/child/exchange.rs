//! The body of a request and its reply, as the plugin holds them.

use std::{
    cell::RefCell,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    Body_TO, BodyBox, Fault, Header, Reply_TO, ReplyBox,
    abi_std::{ROption, RResult, RSlice, RVec},
    fault::kind,
    http::{Body, Reply},
};

use super::{
    fault,
    link::{Link, confused},
};
use crate::{
    isolation::wire::message::{BodyAsk, BodyTold, PIECE, REPLY, ReplyAsk, ReplyTold},
    plugin::nanos,
};

/// The most bytes of headers that a reply may have, all together, counting [`AROUND`] for each:
/// as many as one message holds.
const HEADERS: usize = REPLY - 1024;
/// More than what stands around a name and a value in a message.
const AROUND: usize = 16;
const GONE: &str = "the caller has gone";

/// A body that the core streams to this socket. The socket goes with it.
pub(super) fn body(socket: OwnedFd) -> BodyBox {
    Body_TO::from_value(RemoteBody(Link::new(socket, GONE)), TD_Opaque)
}

/// A reply that the core takes from this socket. The socket goes with it.
pub(super) fn reply(socket: OwnedFd) -> ReplyBox {
    let reply = RemoteReply(RefCell::new(Link::new(socket, GONE)));
    Reply_TO::from_value(reply, TD_Opaque)
}

struct RemoteBody(Link);

impl Body for RemoteBody {
    fn read(&mut self, most: u64, deadline: u64) -> RResult<ROption<RVec<u8>>, Fault> {
        match self.0.ask(&BodyAsk { most, deadline }) {
            Ok(BodyTold::Piece(piece)) => RResult::ROk(ROption::RSome(piece.into())),
            Ok(BodyTold::End) => RResult::ROk(ROption::RNone),
            Ok(BodyTold::Fault(fault)) | Err(fault) => RResult::RErr(fault),
        }
    }
}

/// One thread at a time has it, and asking needs no more than a look at it.
struct RemoteReply(RefCell<Link>);

impl RemoteReply {
    fn ask(&mut self, ask: &ReplyAsk) -> Result<(), Fault> {
        match self.0.get_mut().ask(ask)? {
            ReplyTold::Done => Ok(()),
            ReplyTold::Fault(fault) => Err(fault),
            ReplyTold::Cancelled(_) => Err(confused()),
        }
    }

    /// Sends a piece in parts that are not too large for a message.
    fn write_parts(&mut self, piece: &[u8], deadline: Duration) -> Result<(), Fault> {
        let began = Instant::now();
        let (first, rest) = piece.split_at(piece.len().min(PIECE));
        self.ask(&ReplyAsk::Write(first.to_vec(), nanos(deadline)))?;
        for part in rest.chunks(PIECE) {
            let left = deadline.saturating_sub(began.elapsed());
            self.ask(&ReplyAsk::Write(part.to_vec(), nanos(left)))
                // The plugin would send the whole piece again, and the caller get a part twice.
                .inspect_err(|_| self.0.get_mut().close())?;
        }
        Ok(())
    }
}

impl Reply for RemoteReply {
    fn head(&mut self, status: u16, headers: RVec<Header>) -> RResult<(), Fault> {
        let size = |header: &Header| header.name.len() + header.value.len() + AROUND;
        if headers.iter().map(size).sum::<usize>() > HEADERS {
            let message = format!("the headers have more than {HEADERS} bytes");
            return RResult::RErr(fault(kind::PERMANENT, message));
        }
        self.ask(&ReplyAsk::Head { status, headers }).into()
    }

    fn write(&mut self, piece: RSlice<'_, u8>, deadline: u64) -> RResult<(), Fault> {
        self.write_parts(piece.as_slice(), Duration::from_nanos(deadline))
            .into()
    }

    fn finish(&mut self) -> RResult<(), Fault> {
        self.ask(&ReplyAsk::Finish).into()
    }

    fn is_cancelled(&self) -> bool {
        match self.0.borrow_mut().ask(&ReplyAsk::IsCancelled) {
            Ok(ReplyTold::Cancelled(cancelled)) => cancelled,
            // Nobody is there to take an answer.
            Ok(_) | Err(_) => true,
        }
    }
}
