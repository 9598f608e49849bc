//! Waits for descriptors.

use std::{
    io,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, Timespec, poll},
    io::Errno,
};

/// Waits until one of these is ready, no longer than `patience`; answers whether one is. Signals do
/// not cut it short: a profiler of the process sends many.
pub(super) fn wait(fds: &mut [PollFd<'_>], patience: Duration) -> io::Result<bool> {
    let until = Instant::now().checked_add(patience);
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        // More than can be said is as good as for ever.
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(fds, left.as_ref()) {
            Err(Errno::INTR) => {}
            ready => return Ok(ready? > 0),
        }
    }
}
