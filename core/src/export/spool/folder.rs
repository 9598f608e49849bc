//! The folder of a spool.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::error::{SpoolError, system};

/// What a segment's name ends in.
const SUFFIX: &str = ".spool";
/// The file whose lock says that the spool is in use.
const LOCK: &str = "lock";

/// Makes the folder where there is none, and takes its lock.
pub(super) fn prepare(folder: &Path) -> Result<File, SpoolError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(system("make", folder))?;
    let path = folder.join(LOCK);
    let lock = file(&path).map_err(system("open", &path))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(Errno::WOULDBLOCK) => Err(SpoolError::InUse {
            folder: folder.to_owned(),
        }),
        Err(error) => Err(system("lock", &path)(io::Error::from(error))),
    }
}

/// Opens a file for reading and writing that only this user can read, and makes it where there is
/// none.
pub(super) fn file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

/// The numbers of the segments there are, ascending.
pub(super) fn segments(folder: &Path) -> Result<Vec<u64>, SpoolError> {
    let entries = fs::read_dir(folder).map_err(system("list", folder))?;
    let mut numbers: Vec<u64> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            name.to_str()?.strip_suffix(SUFFIX)?.parse().ok()
        })
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Where the segment of this number is.
pub(super) fn segment(folder: &Path, number: u64) -> PathBuf {
    // Twenty digits are as many as a number can have, so names sort as numbers do.
    folder.join(format!("{number:020}{SUFFIX}"))
}

/// Makes names in the folder outlast a loss of power.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
