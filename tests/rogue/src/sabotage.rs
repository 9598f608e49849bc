//! What only code can do that lies to the compiler, or has a bug: to memory that is not its own,
//! and to files that somebody else has open.
#![allow(unsafe_code)]

use std::{
    fs,
    os::fd::{BorrowedFd, RawFd},
    ptr,
};

use rustix::fs::FileType;

/// Writes where no memory is.
pub(crate) fn write_nowhere() -> ! {
    // SAFETY: there is none. The kernel ends the process for it, which is what this is for.
    unsafe { ptr::without_provenance_mut::<u8>(8).write_volatile(1) };
    unreachable!("there is memory where none should be")
}

/// Closes all files of the process but its standard ones, its host's and its own.
pub(crate) fn close_files() {
    for file in open_files() {
        // SAFETY: there is none: whoever owns the file uses it on. It is closed, or another one by
        // then; both harm this process alone.
        unsafe { rustix::io::close(file) };
    }
}

/// Writes bytes that mean nothing into all sockets of the process.
pub(crate) fn garble_sockets() {
    for file in open_files() {
        // SAFETY: nothing closes files meanwhile, unless another component misbehaves too.
        let file = unsafe { BorrowedFd::borrow_raw(file) };
        let is_socket = rustix::fs::fstat(file)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket);
        if is_socket {
            // Enough to be noticed, and no more than the socket holds.
            let _ = rustix::io::write(file, &[0xff; 64]);
        }
    }
}

/// The numbers of all open files but the standard ones.
fn open_files() -> Vec<RawFd> {
    let entries = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|number: &RawFd| *number > 2).collect()
}
