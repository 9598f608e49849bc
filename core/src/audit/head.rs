//! The head: which record is the last one that is durable.
//!
//! It is what tells a log whose end was cut off from one that ends there. It is written in place
//! after each commit and not synced: after a loss of power it may be behind the log, never ahead of it.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
};

use blake3::Hash;
use rustix::fs::{Mode, OFlags, open};
use serde::Deserialize;

use super::{AuditError, chain::Link, folder::Folder};

/// The name of the file.
pub(super) const HEAD: &str = "head";
/// Its length, so that it is written within one sector of a disk.
const LENGTH: usize = 128;

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// There is none.
    Absent,
    /// It cannot be read as a head.
    Damaged,
    /// The last record that is durable.
    At(Link),
}

/// The file, open.
#[derive(Debug)]
pub(super) struct Head(File);

impl Head {
    /// Opens the head, or makes one that is before the first record, and says what there was.
    pub(super) fn open(folder: &Folder) -> Result<(Self, Stored), AuditError> {
        let path = folder.file(HEAD);
        let failed = |error: io::Error| AuditError::open(&path, &error);
        match folder.create(HEAD) {
            Ok(_) => {
                let head = Self(folder.open_to_overwrite(HEAD)?);
                head.store(Link::START).map_err(failed)?;
                head.0.sync_all().map_err(failed)?;
                folder.sync().map_err(failed)?;
                Ok((head, Stored::Absent))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let file = folder.open_to_overwrite(HEAD)?;
                let stored = parse(&file).map_err(failed)?;
                Ok((Self(file), stored))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes it; nothing is waited for.
    pub(super) fn store(&self, link: Link) -> io::Result<()> {
        self.0.write_all_at(text(link).as_bytes(), 0)
    }
}

/// What the file holds.
fn text(link: Link) -> String {
    let (seq, hash) = (link.seq, link.hash.to_hex());
    let text = format!(r#"{{"seq":{seq},"hash":"{hash}"}}"#);
    format!("{text:width$}\n", width = LENGTH - 1)
}

/// Reads the head of a log in a folder that another process may keep.
pub(super) fn read(folder: &Path) -> io::Result<Stored> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match open(folder.join(HEAD), flags, Mode::empty()) {
        Ok(file) => parse(&file.into()),
        Err(rustix::io::Errno::NOENT) => Ok(Stored::Absent),
        Err(error) => Err(error.into()),
    }
}

fn parse(file: &File) -> io::Result<Stored> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Text {
        seq: u64,
        hash: String,
    }
    let mut bytes = Vec::new();
    file.take(LENGTH as u64 + 1).read_to_end(&mut bytes)?;
    let link = || {
        let read: Text = serde_json::from_slice(&bytes).ok()?;
        let hash = Hash::from_hex(read.hash).ok()?;
        let link = Link {
            seq: read.seq,
            hash,
        };
        // There is one way to write it.
        (text(link).as_bytes() == bytes).then_some(link)
    };
    Ok(link().map_or(Stored::Damaged, Stored::At))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_says_what_was_stored_last() {
        let state = tempfile::tempdir().unwrap();
        let folder = Folder::open(&state.path().join("audit")).unwrap();
        assert_eq!(read(folder.path()).unwrap(), Stored::Absent);
        let (head, stored) = Head::open(&folder).unwrap();
        assert_eq!(stored, Stored::Absent);
        assert_eq!(read(folder.path()).unwrap(), Stored::At(Link::START));
        for seq in [u64::MAX, 3] {
            let link = Link::of(seq, b"line");
            head.store(link).unwrap();
            assert_eq!(read(folder.path()).unwrap(), Stored::At(link));
            assert_eq!(Head::open(&folder).unwrap().1, Stored::At(link));
        }
        std::fs::write(folder.file(HEAD), "{}").unwrap();
        assert_eq!(Head::open(&folder).unwrap().1, Stored::Damaged);
    }
}
