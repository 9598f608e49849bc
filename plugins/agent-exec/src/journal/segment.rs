//! Files of records.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::{Books, JournalError, record::Record};
use crate::report::Report;

/// How long another version of the plugin is waited for, which is about to be stopped.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(20);

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) segment: u64,
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// A file of records.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) length: u64,
    /// When its last record was written, in seconds since 1970.
    pub(super) newest: u64,
    /// Runs that began here and have not ended.
    pub(super) running: usize,
    /// Whether outputs were taken out of it already.
    pub(super) bare: bool,
    /// The one that is written to.
    pub(super) file: Option<Arc<File>>,
}

pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}.journal"))
}

/// The number in a segment's name.
pub(super) fn number(name: &str) -> Option<u64> {
    name.strip_suffix(".journal")
        .filter(|digits| digits.len() == 16)?
        .parse()
        .ok()
}

/// Makes the folder, and takes the right to write in it.
pub(super) fn lock(folder: &Path) -> Result<File, JournalError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(JournalError::file(folder))?;
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path);
    let file = file.map_err(JournalError::file(&path))?;
    let until = Instant::now() + PATIENCE;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(Errno::WOULDBLOCK) if Instant::now() < until => thread::sleep(LOOK),
            Err(Errno::WOULDBLOCK) => return Err(JournalError::InUse(folder.to_owned())),
            Err(error) => return Err(JournalError::file(&path)(error.into())),
        }
    }
}

/// A new, empty file of this name, which is there for good.
pub(super) fn create(path: &Path) -> Result<File, JournalError> {
    let file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .read(true)
        .mode(0o600)
        .open(path);
    let file = file.map_err(JournalError::file(path))?;
    sync_folder(path)?;
    Ok(file)
}

/// Makes names in a file's folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), JournalError> {
    let folder = path.parent().unwrap_or(path);
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(JournalError::file(folder))
}

impl Books {
    /// The number of the segment that is written to.
    pub(super) fn newest(&self) -> u64 {
        self.segments
            .last_key_value()
            .map_or(0, |(number, _)| *number)
    }

    /// The file that is written to.
    pub(super) fn file(&self) -> Result<Arc<File>, JournalError> {
        let newest = self.segments.last_key_value();
        let file = newest.and_then(|(_, segment)| segment.file.clone());
        file.ok_or_else(|| JournalError::Broken("there is no file to write to".to_owned()))
    }

    /// Begins a new segment. What stands in the one before is durable then.
    pub(super) fn roll(&mut self, folder: &Path) -> Result<(), JournalError> {
        let number = self.newest() + 1;
        let path = path(folder, number);
        if let Some(before) = self.segments.last_entry() {
            let before = before.into_mut();
            if let Some(file) = &before.file {
                file.sync_data().map_err(JournalError::file(&path))?;
            }
            before.file = None;
            self.durable = self.written;
        }
        let file = Some(Arc::new(create(&path)?));
        let segment = Segment {
            length: 0,
            newest: 0,
            running: 0,
            bare: false,
            file,
        };
        self.segments.insert(number, segment);
        Ok(())
    }

    /// Writes a record; answers where it stands and its number among all. One that cannot be
    /// written whole leaves nothing behind.
    pub(super) fn append(
        &mut self,
        folder: &Path,
        record: &Record,
    ) -> Result<(Place, u64), JournalError> {
        if let Some(reason) = &self.broken {
            return Err(JournalError::Broken(reason.clone()));
        }
        if self
            .segments
            .last_key_value()
            .is_none_or(|(_, last)| last.file.is_none())
        {
            self.roll(folder)?;
        }
        let number = self.newest();
        let path = path(folder, number);
        let line = record
            .line()
            .map_err(|error| JournalError::file(&path)(error.into()))?;
        let mut file = &*self.file()?;
        let Some(segment) = self.segments.get_mut(&number) else {
            return Err(JournalError::Broken(
                "there is no file to write to".to_owned(),
            ));
        };
        if let Err(error) = file.write_all(&line) {
            // A part of a line would take the next one along.
            if let Err(worse) = file.set_len(segment.length) {
                self.broken = Some(worse.to_string());
            }
            return Err(JournalError::File { path, error });
        }
        let place = Place {
            segment: number,
            offset: segment.length,
            length: line.len() as u64,
        };
        segment.length += place.length;
        segment.newest = segment.newest.max(record.begin().at);
        self.written += 1;
        Ok((place, self.written))
    }
}

/// Reads a report again.
pub(super) fn report(folder: &Path, place: Place) -> Result<Report, JournalError> {
    let path = path(folder, place.segment);
    let damaged = || JournalError::Damaged {
        path: path.clone(),
        offset: place.offset,
    };
    let mut line = vec![0; usize::try_from(place.length).map_err(|_| damaged())?];
    let file = File::open(&path).map_err(JournalError::file(&path))?;
    file.read_exact_at(&mut line, place.offset)
        .map_err(JournalError::file(&path))?;
    match Record::parse(line.trim_ascii_end()) {
        Some(Record::End { report, .. }) => Ok(*report),
        _ => Err(damaged()),
    }
}

/// Puts a file with these lines in the place of a segment, in one step.
pub(super) fn replace(path: &Path, lines: &[u8]) -> Result<(), JournalError> {
    let fresh = path.with_extension("new");
    let written = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(lines)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    written().map_err(JournalError::file(&fresh))?;
    sync_folder(path)
}
