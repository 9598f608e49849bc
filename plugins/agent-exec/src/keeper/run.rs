//! One command that runs, as the agent sees it.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    io::Errno,
    net::{Shutdown, shutdown},
};

use super::{
    End, Step, Usage,
    failure::{KeeperError, Names},
    plan::number,
    wire::{self, Message},
};

/// A command that runs. Readable when an event is there. Dropping it kills the command and all
/// that descends from it.
#[derive(Debug)]
pub(crate) struct Run {
    keeper: OwnedFd,
    names: Names,
    /// What kept the order from being sent, if anything did.
    refused: Option<Errno>,
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
    pub(super) fn new(keeper: OwnedFd, names: Names) -> Self {
        Self {
            keeper,
            names,
            refused: None,
        }
    }

    /// One whose order could not be sent.
    pub(super) fn refused(keeper: OwnedFd, names: Names, error: &io::Error) -> Self {
        // Something is readable then.
        let _ = shutdown(&keeper, Shutdown::Both);
        Self {
            keeper,
            names,
            refused: Some(number(error)),
        }
    }

    /// Waits for the next event.
    pub(crate) fn next(&mut self) -> Result<Event, KeeperError> {
        if let Some(error) = self.refused.take() {
            return Ok(self.failed(Step::Order, error));
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
            Message::Ended { end, usage } => Event::Ended { end, usage },
            Message::Failed { step, errno } => {
                self.failed(step, Errno::from_raw_os_error(errno))
            }
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
        // The keeper reads the end of our words. Where it has gone, so has the command.
        let _ = shutdown(&self.keeper, Shutdown::Write);
    }
}

impl AsFd for Run {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.keeper.as_fd()
    }
}
