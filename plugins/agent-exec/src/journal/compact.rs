//! What is forgotten, so that the journal stays small.

use std::{fs, path::Path};

use super::{
    Books, Bounds, Journal, JournalError, State,
    record::Record,
    segment::{self, Place},
};

/// A segment is a part of all.
const SEGMENTS: u64 = 8;
/// And no smaller than this.
const LEAST: u64 = 16 << 10;

impl Journal {
    /// Makes room for one more record: forgets what is too old, then the oldest outputs. Keys that
    /// are not too old are never forgotten.
    pub(super) fn with_room(&self, books: &mut Books, now: u64) -> Result<(), JournalError> {
        let Bounds { keep, bytes, keys } = self.bounds;
        if books.is_full(bytes) {
            books.roll(&self.folder)?;
        }
        let oldest = now.saturating_sub(keep.as_secs());
        books.forget(&self.folder, oldest)?;
        if books.entries.len() > keys {
            books
                .entries
                .retain(|_, entry| entry.at >= oldest || matches!(entry.state, State::Running(_)));
        }
        // The one that room is made for is among them.
        if books.entries.len() > keys {
            return Err(JournalError::ManyKeys(keys));
        }
        if books.length() > bytes {
            books.strip(&self.folder, bytes)?;
        }
        if books.length() > bytes {
            return Err(JournalError::ManyBytes(bytes));
        }
        Ok(())
    }
}

impl Books {
    fn length(&self) -> u64 {
        self.segments.values().map(|segment| segment.length).sum()
    }

    /// Whether the newest segment is as long as one may be.
    fn is_full(&self, bytes: u64) -> bool {
        let most = (bytes / SEGMENTS).max(LEAST);
        self.segments
            .last_key_value()
            .is_some_and(|(_, last)| last.file.is_some() && last.length >= most)
    }

    /// Removes segments of which nothing is younger, and no run has still to end.
    fn forget(&mut self, folder: &Path, oldest: u64) -> Result<(), JournalError> {
        let mut gone = false;
        while let Some(first) = self.segments.first_entry() {
            let segment = first.get();
            if segment.file.is_some() || segment.running > 0 || segment.newest >= oldest {
                break;
            }
            let path = segment::path(folder, *first.key());
            fs::remove_file(&path).map_err(JournalError::file(&path))?;
            first.remove();
            gone = true;
        }
        if gone {
            self.entries
                .retain(|_, entry| entry.at >= oldest || matches!(entry.state, State::Running(_)));
        }
        Ok(())
    }

    /// Takes outputs out of closed segments, the oldest first, until all fit.
    fn strip(&mut self, folder: &Path, bytes: u64) -> Result<(), JournalError> {
        let closed = |segment: &segment::Segment| segment.file.is_none() && !segment.bare;
        while self.length() > bytes {
            let oldest = self.segments.iter().find(|(_, segment)| closed(segment));
            let Some(number) = oldest.map(|(number, _)| *number) else {
                return Ok(());
            };
            self.strip_one(folder, number)?;
        }
        Ok(())
    }

    fn strip_one(&mut self, folder: &Path, number: u64) -> Result<(), JournalError> {
        let path = segment::path(folder, number);
        let bytes = fs::read(&path).map_err(JournalError::file(&path))?;
        let mut kept = Vec::new();
        let mut moved = Vec::new();
        let mut offset = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let damaged = || JournalError::Damaged {
                path: path.clone(),
                offset,
            };
            let mut record = Record::parse(line.trim_ascii_end()).ok_or_else(damaged)?;
            if let Record::End { report, .. } = &mut record {
                report.forget_output();
            }
            let text = record
                .line()
                .map_err(|error| JournalError::file(&path)(error.into()))?;
            let place = Place {
                segment: number,
                offset: kept.len() as u64,
                length: text.len() as u64,
            };
            moved.push((record.begin().key, offset, place));
            kept.extend_from_slice(&text);
            offset += line.len() as u64;
        }
        segment::replace(&path, &kept)?;
        for (key, before, after) in moved {
            let state = self.entries.get_mut(&key).map(|entry| &mut entry.state);
            if let Some(State::Ended(place)) = state
                && (place.segment, place.offset) == (number, before)
            {
                *place = after;
            }
        }
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.length = kept.len() as u64;
            segment.bare = true;
        }
        Ok(())
    }
}
