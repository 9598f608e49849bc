//! The timer of CPU time.
#![allow(
    // Nobody wraps this system call.
    unsafe_code
)]

use std::{io, ptr};

const MICROS: i64 = 1_000_000;

/// Signals the process, each time it has used so much CPU time; dropping it ends that.
///
/// Children begin without, whether they are forked or execute another program.
#[derive(Debug)]
pub(super) struct Timer(());

impl Timer {
    /// Begins to signal, so many times in a second of CPU time. The kernel looks at its clock's
    /// ticks only, so it is seldom more than 250.
    pub(super) fn start(hertz: u32) -> io::Result<Self> {
        set(MICROS / i64::from(hertz.max(1)))?;
        Ok(Self(()))
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // Nothing can be wrong with this order.
        let _ = set(0);
    }
}

/// `micros` of CPU time lie between two signals; none come if it is 0.
fn set(micros: i64) -> io::Result<()> {
    let interval = libc::timeval {
        tv_sec: micros / MICROS,
        tv_usec: micros % MICROS,
    };
    let timer = libc::itimerval {
        it_interval: interval,
        it_value: interval,
    };
    // SAFETY: the timer is read, and the one before is not asked for.
    match unsafe { libc::setitimer(libc::ITIMER_PROF, &raw const timer, ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
