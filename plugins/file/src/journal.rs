//! A file of lines that grows.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use gaxx_sdk::prelude::*;
use rustix::fs::{CWD, Mode, OFlags, RenameFlags};

use crate::{Rotate, json, kept::Kept, sync_folder};

/// How much is read at once when the beginning of a line is looked for, in bytes.
const CHUNK: usize = 4 << 10;

/// A file of lines that grows, a batch at a time.
///
/// It is opened for each batch and nothing is remembered in between. So what somebody has moved away
/// or removed is begun anew, and what a crash has left is found whenever it comes.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    kept: Kept,
    rotate: Rotate,
}

impl Journal {
    /// The file of this path, with those that are kept of it.
    pub(crate) fn new(path: PathBuf, kept: Kept, rotate: Rotate) -> Self {
        Self { path, kept, rotate }
    }

    /// Appends the lines of a batch, all or none, durably. Each begins with `beginning`, and so does
    /// no line of another batch: lines of this one at the end of the file, which an earlier try has
    /// left, make room for these.
    pub(crate) fn append(&self, unix_nanos: u64, beginning: &str, lines: &str) -> Result<()> {
        let written = self.write(unix_nanos, beginning.as_bytes(), lines.as_bytes());
        let is_new = written.explain(|| self.path.display().to_string())?;
        if is_new {
            sync_folder(self.kept.folder())?;
            self.kept.prune(self.rotate.keep)?;
        }
        Ok(())
    }

    /// Answers whether the file is new.
    fn write(&self, unix_nanos: u64, beginning: &[u8], lines: &[u8]) -> io::Result<bool> {
        let file = open(&self.path)?;
        let length = file.metadata()?.len();
        let begun = begun(&file, length)?;
        let end = settled(&file, length, beginning)?;
        let age = begun.map_or(0, |begun| unix_nanos.saturating_sub(begun));
        if end > 0 && self.is_due(end + lines.len() as u64, age) {
            write(&file, end, &[])?;
            self.put_aside(unix_nanos)?;
            write(&open(&self.path)?, 0, lines)?;
            return Ok(true);
        }
        write(&file, end, lines)?;
        Ok(end == 0)
    }

    fn is_due(&self, length: u64, nanos: u64) -> bool {
        length > self.rotate.max_size.bytes() || Duration::from_nanos(nanos) >= self.rotate.max_age
    }

    fn put_aside(&self, unix_nanos: u64) -> io::Result<()> {
        self.kept.add(unix_nanos, |kept| {
            // What is there under that name stays.
            let renamed =
                rustix::fs::renameat_with(CWD, &self.path, CWD, kept, RenameFlags::NOREPLACE);
            Ok(renamed?)
        })
    }
}

/// Opens a file, or makes it. What is no file, or a link to one, is refused: a link may lead anywhere,
/// and a pipe has no end to find.
fn open(path: &Path) -> io::Result<File> {
    let how = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, how, Mode::from_raw_mode(0o644)) {
        Err(rustix::io::Errno::LOOP) => {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "it is a link; set where it leads",
            ));
        }
        opened => File::from(opened?),
    };
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "it is no file"))
}

/// When its first batch was taken, in nanoseconds since the Unix epoch; nothing where it has none.
fn begun(file: &File, length: u64) -> io::Result<Option<u64>> {
    let mut room = [0; 64];
    let count = usize::try_from(length).map_or(room.len(), |length| length.min(room.len()));
    file.read_exact_at(&mut room[..count], 0)?;
    if json::is_beginning(&room[..count]) {
        return Ok(json::time_of(&room[..count]));
    }
    // What crashed before its first line was whole has left a piece of one. All else is another's.
    let what = "it holds something else; move it away, or set another path";
    Err(io::Error::new(ErrorKind::InvalidData, what))
}

/// Where the lines that stay end: those of other batches, and whole ones.
fn settled(file: &File, length: u64, beginning: &[u8]) -> io::Result<u64> {
    let mut end = line_start(file, length)?;
    let mut found = vec![0; beginning.len()];
    while end > 0 {
        let start = line_start(file, end - 1)?;
        if end - start < beginning.len() as u64 {
            break;
        }
        file.read_exact_at(&mut found, start)?;
        if found != beginning {
            break;
        }
        end = start;
    }
    Ok(end)
}

/// Where the line begins that has its end, or breaks off, at `end`.
fn line_start(file: &File, end: u64) -> io::Result<u64> {
    let mut room = [0; CHUNK];
    let mut after = end;
    while after > 0 {
        let from = after.saturating_sub(CHUNK as u64);
        let count = usize::try_from(after - from).unwrap_or(CHUNK);
        file.read_exact_at(&mut room[..count], from)?;
        if let Some(at) = room[..count].iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        after = from;
    }
    Ok(0)
}

/// Writes all or nothing where the file is to go on, durably.
fn write(file: &File, end: u64, lines: &[u8]) -> io::Result<()> {
    file.set_len(end)?;
    let written = file.write_all_at(lines, end);
    written.and_then(|()| file.sync_data()).inspect_err(|_| {
        // Where this fails too, the next batch finds what is left.
        let _ = file.set_len(end);
    })
}
