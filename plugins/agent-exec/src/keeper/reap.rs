//! Taking dead children away, with what they used.
#![allow(
    // rustix does not tell what they used.
    unsafe_code
)]

use std::{io, mem::MaybeUninit, time::Duration};

use rustix::{io::Errno, process::Pid};

use super::{End, Usage};

/// What became of a look for dead children.
#[derive(Debug)]
pub(super) enum Reaped {
    /// One, which ended so. It and those it waited for used this.
    One(Pid, End, Usage),
    /// None is dead.
    NobodyYet,
    /// There are no children.
    NobodyThere,
}

/// Takes a dead child away, if there is one.
pub(super) fn reap() -> io::Result<Reaped> {
    look(libc::WNOHANG)
}

/// Waits until there is a dead child, and takes it away.
pub(super) fn wait() -> io::Result<Reaped> {
    look(0)
}

fn look(options: i32) -> io::Result<Reaped> {
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::zeroed());
    loop {
        // SAFETY: both places are ours and large enough.
        let found = unsafe { libc::wait4(-1, &raw mut status, options, usage.as_mut_ptr()) };
        if let Some(pid) = (found > 0).then(|| Pid::from_raw(found)).flatten() {
            // SAFETY: zeros are a value of it, and the call has made another.
            let usage = unsafe { usage.assume_init() };
            return Ok(Reaped::One(pid, end(status), usage.into()));
        }
        if found == 0 {
            return Ok(Reaped::NobodyYet);
        }
        match super::birth::last_errno() {
            Errno::INTR => {}
            Errno::CHILD => return Ok(Reaped::NobodyThere),
            error => return Err(error.into()),
        }
    }
}

/// Reads a status; of children that end only, since others are not asked for.
fn end(status: i32) -> End {
    if libc::WIFEXITED(status) {
        End::Status(libc::WEXITSTATUS(status))
    } else {
        End::Signal(libc::WTERMSIG(status))
    }
}

impl From<libc::rusage> for Usage {
    fn from(usage: libc::rusage) -> Self {
        let peak = u64::try_from(usage.ru_maxrss).unwrap_or(0);
        Self {
            user: duration(usage.ru_utime),
            system: duration(usage.ru_stime),
            // Linux counts in KiB, see getrusage(2).
            peak_memory: peak.saturating_mul(1024),
        }
    }
}

impl Usage {
    /// Counts another process in.
    pub(super) fn add(&mut self, other: Self) {
        self.user += other.user;
        self.system += other.system;
        self.peak_memory = self.peak_memory.max(other.peak_memory);
    }
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
    seconds + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}
