//! Has the allocator write its profile.

use std::{
    ffi::CString,
    fs::File,
    io::{self, BufReader},
    os::fd::AsRawFd,
};

use rustix::fs::{MemfdFlags, memfd_create};

use super::{HeapError, text};
use crate::process::heap;

/// What is live, as the allocator sampled it.
///
/// jemalloc writes to a file that it opens by name. The file is one in memory, whose name goes with
/// the descriptor. It has about 2 kB for each live sample, so it is smaller than the heap by far.
pub(super) fn live() -> Result<text::Sampled, HeapError> {
    let file = memfd_create("heap-profile", MemfdFlags::CLOEXEC);
    let file = File::from(file.map_err(|errno| HeapError::Write(errno.into()))?);
    let name = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let name = name.map_err(|error| HeapError::Write(error.into()))?;
    heap::dump(&name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => HeapError::Off,
        _ => HeapError::Write(error),
    })?;
    Ok(text::read(BufReader::new(file))?)
}
