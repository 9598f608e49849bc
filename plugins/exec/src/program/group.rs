//! A process group that ends with its value.

use std::{
    fmt, io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::ExitStatusExt,
    },
    process::{Child, ExitStatus},
    sync::Arc,
    thread,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags},
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal},
};

use super::{tree, wait::wait};

/// How long a killed program may take to be gone before a thread is left waiting for it.
const GRACE: Duration = Duration::from_secs(1);

/// The signals that programs end by.
const SIGNALS: [(Signal, &str); 13] = [
    (Signal::ABORT, "SIGABRT"),
    (Signal::ALARM, "SIGALRM"),
    (Signal::BUS, "SIGBUS"),
    (Signal::FPE, "SIGFPE"),
    (Signal::HUP, "SIGHUP"),
    (Signal::ILL, "SIGILL"),
    (Signal::INT, "SIGINT"),
    (Signal::KILL, "SIGKILL"),
    (Signal::PIPE, "SIGPIPE"),
    (Signal::QUIT, "SIGQUIT"),
    (Signal::SEGV, "SIGSEGV"),
    (Signal::TERM, "SIGTERM"),
    (Signal::XCPU, "SIGXCPU"),
];

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

/// A program that leads a process group. Both are killed when this is dropped, with all that
/// descends from the program while it lives.
#[derive(Debug)]
pub(super) struct Group {
    child: Option<Child>,
    leader: Pid,
    /// Readable once the leader has ended.
    ended: OwnedFd,
    /// Who holds a clone of it waits for a program that does not go away.
    waiting: Arc<()>,
}

impl Group {
    /// Takes over a child that was made the leader of its own group.
    pub(super) fn new(mut child: Child, waiting: &Arc<()>) -> io::Result<Self> {
        let leader = Pid::from_child(&child);
        match pidfd_open(leader, PidfdFlags::empty()) {
            Ok(ended) => Ok(Self {
                child: Some(child),
                leader,
                ended,
                waiting: Arc::clone(waiting),
            }),
            Err(error) => {
                // Without this it could be waited for without end, so it is not kept at all.
                let _ = kill_process_group(leader, Signal::KILL);
                let _ = child.wait();
                Err(error.into())
            }
        }
    }

    /// Readable once the leader has ended.
    pub(super) fn ended(&self) -> BorrowedFd<'_> {
        self.ended.as_fd()
    }

    /// Kills what is left of the program and its group, and answers how the leader ended. `None`: it does not go
    /// away; a thread goes on waiting for it.
    ///
    /// The leader is reaped after the group was killed: up to then nobody else can have its
    /// number, so that no stranger is killed.
    pub(super) fn end(mut self) -> Option<End> {
        self.end_in_place()
    }

    fn end_in_place(&mut self) -> Option<End> {
        let mut child = self.child.take()?;
        if !self.has_ended(Duration::ZERO) {
            // Stopped, it can begin nobody else, and does not end before those it has adopted are
            // killed: they would be lost from sight with it.
            let _ = pidfd_send_signal(&self.ended, Signal::STOP);
            tree::kill_descendants(self.leader);
        }
        // A group of which nobody is left cannot be killed, and need not be.
        let _ = kill_process_group(self.leader, Signal::KILL);
        if self.has_ended(GRACE) {
            return child.wait().ok().map(End::from);
        }
        let waiting = Arc::clone(&self.waiting);
        thread::spawn(move || {
            // Its status interests nobody any more.
            let _ = child.wait();
            drop(waiting);
        });
        None
    }

    /// Whether the leader has ended, or does so in this time.
    fn has_ended(&self, patience: Duration) -> bool {
        let mut ended = [PollFd::new(&self.ended, PollFlags::IN)];
        wait(&mut ended, patience).unwrap_or(false)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end_in_place();
    }
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Status(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signal = match *self {
            Self::Status(code) => return write!(f, "ended with status {code}"),
            Self::Signal(signal) => signal,
        };
        write!(f, "was ended by signal {signal}")?;
        match SIGNALS.iter().find(|(known, _)| known.as_raw() == signal) {
            Some((_, name)) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}
