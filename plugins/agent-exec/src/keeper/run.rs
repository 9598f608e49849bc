//! One command that runs, as the agent sees it.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use rustix::{
    io::Errno,
    net::{Shutdown, shutdown},
};

use super::{
    End, Step, Usage,
    failure::{KeeperError, Names},
    plan::number,
    pool::Idle,
    wire::{self, Message},
};

/// A command that runs. Readable when an event is there. Dropping it kills the command and all
/// that descends from it.
#[derive(Debug)]
pub(crate) struct Run {
    keeper: Arc<OwnedFd>,
    names: Names,
    /// What kept the order from being sent, if anything did.
    refused: Option<Errno>,
    state: State,
    idle: Arc<Idle>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It goes on, or is over as it should not be.
    Goes,
    /// Its keeper was told to end it.
    Killed,
    /// Its keeper takes another order.
    Ready,
}

/// What becomes of a command: `Started` and then `Ended`, or `Failed` alone, or, where it was
/// killed before it had started, `Ended` alone. After `Failed` and `Ended` there is nothing more.
#[derive(Debug)]
pub(crate) enum Event {
    /// The program runs.
    Started {
        /// The number of its process.
        pid: u32,
    },
    /// It could not be run.
    Failed {
        /// What could not be done.
        step: Step,
        /// Why.
        error: io::Error,
        /// What to do about it.
        remedy: String,
    },
    /// It has ended, and nothing of it is left.
    Ended {
        /// How the program itself ended.
        end: End,
        /// What it and all that descended from it used.
        usage: Usage,
    },
}

impl Run {
    pub(super) fn new(keeper: Arc<OwnedFd>, names: Names, idle: Arc<Idle>) -> Self {
        Self {
            keeper,
            names,
            refused: None,
            state: State::Goes,
            idle,
        }
    }

    /// One whose order could not be sent.
    pub(super) fn refused(mut self, error: &io::Error) -> Self {
        // Now it is readable, as it should be when there is an event.
        let _ = shutdown(&self.keeper, Shutdown::Both);
        self.refused = Some(number(error));
        self
    }

    /// Waits for the next event.
    pub(crate) fn next(&mut self) -> Result<Event, KeeperError> {
        if let Some(error) = self.refused.take() {
            return Ok(self.failed(Step::Order, error));
        }
        if self.state == State::Ready {
            return Err(KeeperError::Lost);
        }
        let message = match wire::receive(self.keeper.as_fd()) {
            Ok(Some((message, _))) => message,
            Ok(None) => return Err(KeeperError::Lost),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                return Err(KeeperError::Lost);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(match message {
            Message::Started { pid } => Event::Started { pid },
            Message::Ended {
                end,
                usage,
                is_ready,
            } => {
                if is_ready && self.state == State::Goes {
                    self.state = State::Ready;
                }
                Event::Ended { end, usage }
            }
            Message::Failed { step, errno } => self.failed(step, Errno::from_raw_os_error(errno)),
        })
    }

    fn failed(&self, step: Step, error: Errno) -> Event {
        Event::Failed {
            step,
            error: error.into(),
            remedy: self.names.remedy(step, error),
        }
    }

    /// Kills the command and all that descends from it. `Ended` follows when they are gone.
    pub(crate) fn kill(&mut self) {
        if self.state == State::Goes {
            self.state = State::Killed;
            // The keeper reads the end of our words. Where it has gone, so has the command.
            let _ = shutdown(&self.keeper, Shutdown::Write);
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.state == State::Ready {
            self.idle.put(&self.keeper);
        }
    }
}

impl AsFd for Run {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.keeper.as_fd()
    }
}
