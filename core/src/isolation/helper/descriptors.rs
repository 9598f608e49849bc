//! What the system and the ABI know as numbers.
#![allow(
    // Whoever takes a number for a descriptor says that it is his, and rustix has no `close_range`.
    unsafe_code
)]

use std::{
    io,
    os::fd::{FromRawFd, OwnedFd, RawFd},
};

use rustix::io::Errno;

/// The first descriptor behind standard input, output and error.
const FIRST: libc::c_uint = 3;

/// The socket that a host has answered [`gaxx_abi::host::Host::helper`] with.
pub(in crate::isolation) fn owned(socket: RawFd) -> OwnedFd {
    // SAFETY: as the ABI says, it is the caller's from then on, and nobody else closes it.
    unsafe { OwnedFd::from_raw_fd(socket) }
}

/// Closes all descriptors but the first three: those that the program was begun with, or that code
/// in it has opened without saying that they end with it. Before this process has opened any.
///
/// Linux before 5.9 cannot; then there are those that are there.
pub(super) fn close_inherited() -> io::Result<()> {
    // SAFETY: nothing in this process has opened a file yet, so nobody uses one of these.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    match io::Error::last_os_error() {
        _ if closed == 0 => Ok(()),
        error if error.raw_os_error() == Some(Errno::NOSYS.raw_os_error()) => Ok(()),
        error => Err(error),
    }
}
