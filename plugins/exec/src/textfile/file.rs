//! One file of metrics.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use rustix::{fs::OFlags, io::Errno};

use gaxx_sdk::Size;

use crate::exposition::{self, Family, Malformed, Timestamps};

/// A file that was read.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) families: Vec<Family>,
    /// When it was last written, in seconds since 1970.
    pub(super) mtime: f64,
}

/// Why a file is passed over. None of it quotes the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("it is gone")]
    Gone,
    #[error("it is a symbolic link, and those are not followed; put the file itself there")]
    Link,
    #[error("it is not a regular file")]
    Irregular,
    #[error("it is larger than {0}; make it smaller, or raise `max_size`")]
    TooLarge(Size),
    #[error("{0}; write it under another name and rename it, in the text format of Prometheus")]
    Malformed(#[from] Malformed),
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// Reads a file. A link is not followed, so that nobody who can write to the folder makes this
/// program read what only it can read; and a pipe is not waited for.
pub(super) fn read(path: &Path, max_size: Size) -> Result<Measured, Unusable> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = file.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::NOENT) => Unusable::Gone,
        Some(Errno::LOOP) => Unusable::Link,
        _ => Unusable::Unreadable(error),
    })?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Unusable::Irregular);
    }
    let text = read_at_most(&file, max_size)?;
    let families = exposition::parse(&text, Timestamps::Refused)?;
    let mtime = metadata.mtime() as f64 + metadata.mtime_nsec() as f64 / 1e9;
    Ok(Measured { families, mtime })
}

fn read_at_most(file: &File, max_size: Size) -> Result<Vec<u8>, Unusable> {
    let mut text = Vec::new();
    file.take(max_size.bytes() + 1).read_to_end(&mut text)?;
    if text.len() > max_size.length() {
        Err(Unusable::TooLarge(max_size))
    } else {
        Ok(text)
    }
}
