//! What a plugin in a child asks of its host.

use std::{
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use gaxx_abi::{Fault, abi_std::RResult, fault::kind};

use super::{
    Ending,
    allowance::Allowance,
    ending::fault,
    run::{Process, pass},
    seats::Seats,
};
use crate::{
    isolation::{
        helper::owned,
        proxy::Seat,
        wire::{
            Channel, WireError,
            message::{HostAsk, HostCall, HostTold},
        },
    },
    plugin::nanos,
};

/// How often a child may ask in a second, and how often at once.
const RATE: u32 = 10_000;
const BURST: u32 = 50_000;
/// How long a message may take to pass once it has begun.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long one waits for a record of the audit log to be durable: others ask on the same socket.
const AUDIT: Duration = Duration::from_secs(2);

/// The same for a profile of another process, which may not answer.
const PROFILE: Duration = Duration::from_secs(5);

/// The host socket of one process.
#[derive(Debug)]
pub(super) struct Service {
    channel: Channel,
    allowance: Allowance,
}

impl Service {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            channel,
            allowance: Allowance::new(RATE, BURST, Instant::now()),
        }
    }

    /// The socket, on which the next question comes.
    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Takes what is asked now and answers it; nothing is left of the service when the socket has
    /// come to its end. A process that does what it must not is ended.
    pub(super) fn step(mut self, process: &Process, seats: &Seats) -> Option<Self> {
        let until = Instant::now() + PATIENCE;
        let why = match self.answer(until, process, seats) {
            Ok(true) => return Some(self),
            Ok(false) => Ending::flood(RATE),
            Err(WireError::Closed) => return None,
            Err(WireError::Late) => Ending::protocol("its host's socket is stuck"),
            Err(error) => Ending::protocol(&error.to_string()),
        };
        process.condemn(why);
        None
    }

    /// Answers what a process asked that has gone: what it logged last is of use.
    pub(super) fn finish(mut self, process: &Process, seats: &Seats) {
        let now = Instant::now();
        while let Ok(true) = self.answer(now, process, seats) {}
    }

    /// Answers one question; false where there were too many.
    fn answer(
        &mut self,
        until: Instant,
        process: &Process,
        seats: &Seats,
    ) -> Result<bool, WireError> {
        let asked: HostAsk = self.channel.receive(Some(until))?;
        if !self.allowance.take(1, Instant::now()) {
            return Ok(false);
        }
        let begun = Instant::now();
        let told = match (seats.get(asked.component), asked.what) {
            (Some(seat), what) => answer(&seat, process.number(), what),
            (None, HostCall::Log { .. } | HostCall::Retire(_)) => None,
            (None, _) => Some((HostTold::Fault(unknown(asked.component)), None)),
        };
        // The time that the answer took is not the process's.
        let until = until + begun.elapsed();
        if let Some((told, socket)) = told {
            self.channel.send(&told, Some(until))?;
            // None stays here: the other side sees the end of who has asked.
            if let Some(socket) = socket {
                pass(&self.channel, &[&socket])?;
            }
        }
        Ok(true)
    }
}

/// What the component's host says, and the descriptor that follows; nothing where no answer is waited
/// for.
fn answer(seat: &Seat, process: u64, what: HostCall) -> Option<(HostTold, Option<OwnedFd>)> {
    let host = seat.host();
    let told = match what {
        HostCall::Family(spec) => seat.family(*spec).map(HostTold::Number),
        HostCall::Series { family, labels } => {
            seat.series(process, family, &labels).map(HostTold::Number)
        }
        HostCall::StateFolder => told(host.state_folder(), HostTold::Text),
        HostCall::Metrics => told(host.metrics(), HostTold::Text),
        HostCall::Health => told(host.health(), HostTold::Text),
        HostCall::Process { what, deadline } => told(host.process(what, deadline), |bytes| {
            HostTold::Bytes(bytes.into())
        }),
        HostCall::Select { selector, deadline } => {
            told(host.select(selector.as_str().into(), deadline), |bytes| {
                HostTold::Bytes(bytes.into())
            })
        }
        HostCall::Profile { order, deadline } => {
            let profile = host.profile(order.as_str().into(), deadline.min(nanos(PROFILE)));
            told(profile, |bytes| HostTold::Bytes(bytes.into()))
        }
        HostCall::Audit { record, deadline } => {
            let written = host.audit(record.as_str().into(), deadline.min(nanos(AUDIT)));
            told(written, |()| HostTold::Done)
        }
        HostCall::Helper(name) => match host.helper(name.as_str().into()) {
            RResult::ROk(socket) => return Some((HostTold::Descriptor, Some(owned(socket)))),
            RResult::RErr(fault) => Err(fault),
        },
        HostCall::Retire(slot) => {
            seat.retire(slot);
            return None;
        }
        HostCall::Log {
            level,
            target,
            message,
        } => {
            host.log(level, target.as_str().into(), message.as_str().into());
            return None;
        }
    };
    Some((told.unwrap_or_else(HostTold::Fault), None))
}

fn told<T>(result: RResult<T, Fault>, tell: impl FnOnce(T) -> HostTold) -> Result<HostTold, Fault> {
    result.into_result().map(tell)
}

fn unknown(component: u32) -> Fault {
    let message = format!("component {component} has come to its end");
    fault(kind::UNKNOWN, message, "")
}
