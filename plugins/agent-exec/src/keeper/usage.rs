//! What a tree of processes used.
#![allow(
    // rustix has no `getrusage`.
    unsafe_code
)]

use std::{mem::MaybeUninit, time::Duration};

use super::Usage;

impl Usage {
    /// Of all children of this process that were waited for, and of all that those waited for.
    ///
    /// A keeper has no children but its command and those it adopted from it, and waits for them
    /// all: this is the whole tree.
    pub(super) fn of_children() -> Self {
        let mut usage = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: the room is as large as the call wants, and zeros are a value of it.
        let usage = unsafe {
            libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
            usage.assume_init()
        };
        Self {
            user: duration(usage.ru_utime),
            system: duration(usage.ru_stime),
            // Linux counts in KiB, see getrusage(2).
            peak_memory: u64::try_from(usage.ru_maxrss).unwrap_or(0).saturating_mul(1024),
        }
    }
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
    seconds + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}
