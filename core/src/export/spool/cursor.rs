//! How far a spool has been delivered.
//!
//! The file has two places, written in turns, so that one that is torn leaves the other.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{
    error::{SpoolError, system},
    folder,
    record::{checksum, number},
};

/// The file's name.
const NAME: &str = "delivered";
/// Bytes of a place: the number, and its checksum.
const PLACE: usize = 16;

/// How far a spool has been delivered.
#[derive(Debug)]
pub(super) struct Cursor {
    file: File,
    path: PathBuf,
    delivered: u64,
    /// Whether the next number goes to the second place.
    second: bool,
}

impl Cursor {
    /// Opens the cursor in this folder, and makes it where there is none; answers whether there was
    /// one that cannot be read.
    pub(super) fn open(folder: &Path) -> Result<(Self, bool), SpoolError> {
        let path = folder.join(NAME);
        let file = folder::file(&path).map_err(system("open", &path))?;
        let mut bytes = [0; 2 * PLACE];
        let length = read_whole(&file, &mut bytes).map_err(system("read", &path))?;
        let (first, second) = (read(&bytes[..PLACE]), read(&bytes[PLACE..]));
        let cursor = Self {
            file,
            path,
            delivered: first.max(second).unwrap_or(0),
            second: first > second,
        };
        let lost = length > 0 && first.is_none() && second.is_none();
        Ok((cursor, lost))
    }

    /// The number of the last batch that need not be delivered any more.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Moves on to this batch.
    pub(super) fn advance(&mut self, delivered: u64) -> Result<(), SpoolError> {
        if delivered <= self.delivered {
            return Ok(());
        }
        self.delivered = delivered;
        let mut place = [0; PLACE];
        place[..8].copy_from_slice(&delivered.to_le_bytes());
        let sum = checksum(&place[..8]);
        place[8..].copy_from_slice(&sum.to_le_bytes());
        let at = if self.second { PLACE as u64 } else { 0 };
        let written = self.file.write_all_at(&place, at);
        written.map_err(system("write to", &self.path))?;
        self.second = !self.second;
        Ok(())
    }

    pub(super) fn sync(&self) -> Result<(), SpoolError> {
        self.file.sync_data().map_err(system("sync", &self.path))
    }
}

fn read(place: &[u8]) -> Option<u64> {
    let (delivered, sum) = place.split_at(8);
    (number(sum) == checksum(delivered)).then(|| number(delivered))
}

/// Reads from the beginning, as much as there is; answers how much.
fn read_whole(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
