//! Making a copy of this process.
#![allow(
    // There is no safe way.
    unsafe_code
)]

use std::{
    io, mem,
    os::fd::{AsRawFd, BorrowedFd},
};

use rustix::process::Pid;

/// As `linux/sched.h` has it.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Copies this process, which has one thread: answers the copy's number here, and nothing in the
/// copy. With a cgroup's folder the copy begins there; moving it later would take milliseconds.
pub(super) fn fork(cgroup: Option<BorrowedFd<'_>>) -> io::Result<Option<Pid>> {
    let copy = match cgroup {
        Some(folder) => fork_into(folder),
        // SAFETY: with one thread nobody holds a lock that the copy would find held.
        None => unsafe { libc::fork() }.into(),
    };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(i32::try_from(copy).ok().and_then(Pid::from_raw))
}

fn fork_into(folder: BorrowedFd<'_>) -> i64 {
    // SAFETY: it is made of numbers alone.
    let mut wanted: libc::clone_args = unsafe { mem::zeroed() };
    wanted.flags = CLONE_INTO_CGROUP;
    wanted.exit_signal = libc::SIGCHLD.unsigned_abs().into();
    wanted.cgroup = folder.as_raw_fd().unsigned_abs().into();
    // SAFETY: as `fork`: without a stack of its own and shared memory the copy goes on here with
    // copies of both. glibc has no handlers to run, since the one thread holds none of its locks.
    unsafe { libc::syscall(libc::SYS_clone3, &raw const wanted, size_of_val(&wanted)) }
}
