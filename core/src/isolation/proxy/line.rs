//! A line: a socket on which one call at a time is made in a child.

use std::{
    os::fd::{BorrowedFd, OwnedFd},
    sync::Arc,
    time::{Duration, Instant},
};

use gaxx_abi::Fault;
use parking_lot::{Mutex, MutexGuard};

use crate::{
    isolation::{
        process::{Process, pass},
        wire::{
            Channel, WireError,
            message::{Ask, Told},
        },
    },
    plugin::nanos,
};

/// The most by which a call is given up before its deadline.
const MARGIN: Duration = Duration::from_millis(100);

/// How long a call may take.
///
/// It is given up a little before its deadline, so that whoever made it has an answer by then; and
/// the child is told a little less still, so that a plugin that keeps to its deadline is never
/// ended for it.
#[derive(Debug, Clone, Copy)]
pub(in crate::isolation) struct Limit {
    whole: Duration,
    until: Instant,
}

impl Limit {
    /// So long from now on.
    pub(in crate::isolation) fn new(whole: Duration) -> Self {
        let until = Instant::now() + whole.saturating_sub(margin(whole));
        Self { whole, until }
    }

    /// So many nanoseconds from now on.
    pub(in crate::isolation) fn of(deadline: u64) -> Self {
        Self::new(Duration::from_nanos(deadline))
    }

    /// When it is given up.
    pub(in crate::isolation) fn until(&self) -> Instant {
        self.until
    }

    /// How much of it is left.
    pub(in crate::isolation) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// What the child is told, in nanoseconds.
    pub(in crate::isolation) fn told(&self) -> u64 {
        nanos(self.left().saturating_sub(margin(self.whole)))
    }
}

fn margin(whole: Duration) -> Duration {
    (whole / 20).min(MARGIN)
}

/// A line into a process. Who calls waits for the call before.
#[derive(Debug)]
pub(in crate::isolation) struct Line {
    process: Arc<Process>,
    channel: Mutex<Channel>,
}

impl Line {
    /// The line on this channel, of which the process has the other end.
    pub(in crate::isolation) fn new(process: Arc<Process>, channel: Channel) -> Self {
        Self {
            process,
            channel: Mutex::new(channel),
        }
    }

    /// The process at its other end.
    pub(in crate::isolation) fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Asks and waits for the answer, which is not [`Told::Fault`]. A process that does not answer
    /// within the limit, or with what cannot be read, is ended.
    pub(in crate::isolation) fn call(&self, ask: &Ask, limit: Limit) -> Result<Told, Fault> {
        self.ask(ask, &[], limit)?.told()
    }

    /// Asks, and passes at most two descriptors behind that.
    pub(in crate::isolation) fn ask(
        &self,
        ask: &Ask,
        descriptors: &[&OwnedFd],
        limit: Limit,
    ) -> Result<Asked<'_>, Fault> {
        let mut channel = self.channel.lock();
        let asked = channel
            .send(ask, Some(limit.until))
            .and_then(|()| match descriptors {
                [] => Ok(()),
                some => pass(&channel, some),
            });
        match asked {
            Ok(()) => Ok(Asked {
                process: &self.process,
                channel,
                limit,
            }),
            Err(error) => Err(self.process.failed(&error, limit.whole)),
        }
    }
}

/// A call that was asked for and has not been answered. Dropped, it leaves a line that is of no use.
#[derive(Debug)]
pub(in crate::isolation) struct Asked<'a> {
    process: &'a Process,
    channel: MutexGuard<'a, Channel>,
    limit: Limit,
}

impl Asked<'_> {
    /// The line's socket: it can be read once there is an answer, or the process has gone.
    pub(in crate::isolation) fn socket(&self) -> BorrowedFd<'_> {
        self.channel.socket()
    }

    /// Waits for the answer, for this long; answers whether it is there.
    pub(in crate::isolation) fn wait(&self, time: Duration) -> Result<bool, Fault> {
        let until = self.limit.until.min(Instant::now() + time);
        match self.channel.wait(until) {
            Err(WireError::Late) if until < self.limit.until => Ok(false),
            waited => waited.map_err(|error| self.failed(&error)),
        }
    }

    /// The answer, once it is there.
    pub(in crate::isolation) fn told(mut self) -> Result<Told, Fault> {
        match self.channel.receive(Some(self.limit.until)) {
            Ok(Told::Fault(fault)) => Err(fault),
            Ok(told) => Ok(told),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// What to answer where waiting on [`Asked::socket`] failed; the process is ended where that
    /// is its fault.
    pub(in crate::isolation) fn failed(&self, error: &WireError) -> Fault {
        self.process.failed(error, self.limit.whole)
    }
}
