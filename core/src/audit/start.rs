//! What an earlier run left, and where the log goes on.

use std::{
    fs::File,
    io::{self, BufReader, Seek, SeekFrom},
    os::unix::fs::FileExt,
};

use super::{
    AuditError,
    chain::{Link, Reason},
    folder::{Folder, file_name, files},
    head::Stored,
    scan::Scan,
};

/// What an earlier run left.
#[derive(Debug)]
pub(super) struct Left {
    /// The last record.
    pub(super) last: Link,
    /// The first record that is kept.
    pub(super) oldest: u64,
    pub(super) onward: Onward,
    /// Files with what a torn write had left.
    pub(super) torn: Vec<String>,
}

/// Where the log goes on.
#[derive(Debug)]
pub(super) enum Onward {
    /// In this file, at this length.
    In {
        file: File,
        /// Its first record.
        first: u64,
        length: u64,
    },
    /// In a new file.
    New {
        reason: Reason,
        damage: Option<&'static str>,
    },
}

impl Left {
    /// Looks at the newest file and at the head. A line that an earlier run did not write to its end
    /// is set aside. What was changed or cut off stays as it is: the log goes on behind it.
    pub(super) fn look(folder: &Folder, head: Stored) -> Result<Self, AuditError> {
        let failed = |error: io::Error| AuditError::open(folder.path(), &error);
        let known = match head {
            Stored::At(link) => link,
            Stored::Absent | Stored::Damaged => Link::START,
        };
        let mut files = files(folder.path()).map_err(failed)?;
        let mut torn = Vec::new();
        while let Some(first) = files.pop() {
            let name = file_name(first);
            let mut file = folder.open_file(&name)?;
            let scan = Scan::of(BufReader::new(&file), first, known.seq);
            let scan = scan.map_err(|error| AuditError::open(&folder.file(&name), &error))?;
            let (Some(last), Some(header)) = (scan.last, scan.header) else {
                if known.seq >= first {
                    return Ok(Self::damaged("a file has no records", known, first));
                }
                // It was being made when the run before ended.
                torn.push(folder.set_aside(&name, first).map_err(failed)?);
                continue;
            };
            let damage = match (head, scan.asked) {
                (Stored::Absent, _) => Some("there was no head"),
                (Stored::Damaged, _) => Some("the head could not be read"),
                _ if known.seq > last.seq => Some("records were cut off at the end"),
                (_, Some(asked)) if asked != known => Some("a record was changed"),
                _ => None,
            };
            if let Some(damage) = damage {
                let after = if known.seq > last.seq { known } else { last };
                return Ok(Self::damaged(damage, after, header.oldest));
            }
            let rest = file.seek(SeekFrom::End(0)).map_err(failed)?;
            if rest > scan.length {
                let kept = keep_rest(folder, &file, scan.length, last.next());
                torn.push(kept.map_err(|error| AuditError::open(&folder.file(&name), &error))?);
            }
            let length = scan.length;
            return Ok(Self {
                last,
                oldest: header.oldest,
                onward: Onward::In {
                    file,
                    first,
                    length,
                },
                torn,
            });
        }
        if known.seq > 0 || head == Stored::Damaged {
            return Ok(Self::damaged("the files of the log are gone", known, 1));
        }
        Ok(Self {
            last: Link::START,
            oldest: 1,
            onward: Onward::New {
                reason: Reason::First,
                damage: None,
            },
            torn,
        })
    }

    fn damaged(damage: &'static str, last: Link, oldest: u64) -> Self {
        Self {
            last,
            oldest,
            onward: Onward::New {
                reason: Reason::Damage,
                damage: Some(damage),
            },
            torn: Vec::new(),
        }
    }
}

/// Moves what stands behind the last record into a file of its own, and answers its name.
fn keep_rest(folder: &Folder, file: &File, length: u64, seq: u64) -> io::Result<String> {
    let (name, mut kept) = folder.create_torn(seq)?;
    let mut from = file;
    from.seek(SeekFrom::Start(length))?;
    io::copy(&mut from, &mut kept)?;
    kept.sync_all()?;
    folder.sync()?;
    file.set_len(length)?;
    file.sync_all()?;
    Ok(name)
}

/// Whether a file that is read back has so many good bytes, and the record at their end.
pub(super) fn reads_back(file: &File, first: u64, length: u64, last: Link) -> bool {
    let part = Part {
        file,
        at: 0,
        end: length,
    };
    let scan = Scan::of(BufReader::new(part), first, last.seq);
    scan.is_ok_and(|scan| scan.length == length && scan.last == Some(last))
}

/// The first part of a file.
struct Part<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl io::Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
