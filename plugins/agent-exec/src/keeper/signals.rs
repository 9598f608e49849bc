//! Signals of the spawner and its keepers.
#![allow(
    // rustix has none of these.
    unsafe_code
)]

use std::{
    io, mem,
    os::fd::{AsFd, FromRawFd, OwnedFd},
    ptr,
};

use rustix::io::{Errno, read};

/// The highest number of a signal on the machines we know.
const LAST: i32 = 64;
/// The kernel's `sigaction` for what happens by itself: handler, flags, restorer and mask.
const DEFAULT: [u64; 4] = [0; 4];

/// Has no signal reach this process but those that nobody can hold off, and none handled: what
/// is forked from it begins its command with nothing ignored and nothing handled.
///
/// What a terminal or systemd sends to all of a service must not end a keeper before its agent has
/// let go of it.
pub(super) fn hold_off() -> io::Result<()> {
    for signal in 1..=LAST {
        // The C library would leave out two that it uses itself, and somebody may have had them
        // ignored. Two others cannot be set, and need not be.
        // SAFETY: it installs no code.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                DEFAULT.as_ptr(),
                ptr::null::<u64>(),
                size_of::<u64>(),
            )
        };
    }
    // SAFETY: an empty set is made by zeros, and filled by the call.
    let mut all: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: the set is ours.
    done(unsafe { libc::sigfillset(&raw mut all) })?;
    // SAFETY: the set is whole; the process has one thread.
    done(unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const all, ptr::null_mut()) })
}

/// Lets all signals reach this process. Only makes system calls.
pub(super) fn let_through() -> Result<(), Errno> {
    // SAFETY: zeros are the empty set.
    let none: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: the set is whole.
    match unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(Errno::INVAL),
    }
}

/// Readable when a child has ended.
#[derive(Debug)]
pub(super) struct Deaths(OwnedFd);

impl Deaths {
    /// Watches this process's children; signals are held off.
    pub(super) fn watch() -> io::Result<Self> {
        // SAFETY: zeros are the empty set.
        let mut set: libc::sigset_t = unsafe { mem::zeroed() };
        // SAFETY: the set is ours.
        done(unsafe { libc::sigaddset(&raw mut set, libc::SIGCHLD) })?;
        // SAFETY: the set is whole.
        let fd =
            unsafe { libc::signalfd(-1, &raw const set, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it is new and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Forgets those that were told so far; children are then waited for.
    pub(super) fn forget(&self) {
        let mut room = [0; size_of::<libc::signalfd_siginfo>()];
        // One signal stands for all deaths up to now. None there: nothing to forget.
        let _ = read(&self.0, &mut room);
    }
}

impl AsFd for Deaths {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn done(answer: i32) -> io::Result<()> {
    match answer {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
