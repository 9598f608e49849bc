//! What stands in the journal when it is opened.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use gaxx_sdk::log::warn;

use super::{
    Books, Entry, JournalError, State,
    record::Record,
    segment::{self, Place, Segment},
};

/// Reads all segments.
///
/// In the last one lines may be torn: what was not durable when the machine went down. No command
/// was started by such a line, and they are taken out. Anywhere else they are damage.
pub(super) fn read(folder: &Path) -> Result<Books, JournalError> {
    let mut books = Books {
        entries: HashMap::new(),
        segments: BTreeMap::new(),
        written: 0,
        durable: 0,
        syncing: false,
        broken: None,
    };
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(JournalError::file(folder))? {
        let name = entry.map_err(JournalError::file(folder))?.file_name();
        numbers.extend(name.to_str().and_then(segment::number));
    }
    numbers.sort_unstable();
    let last = numbers.last().copied();
    for number in numbers {
        books.take(folder, number, last == Some(number))?;
    }
    Ok(books)
}

impl Books {
    fn take(&mut self, folder: &Path, number: u64, is_last: bool) -> Result<(), JournalError> {
        let path = segment::path(folder, number);
        let bytes = fs::read(&path).map_err(JournalError::file(&path))?;
        let mut whole = Vec::new();
        let mut newest = 0;
        let mut offset = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            // A line without its end was not written whole, even if all but that is there.
            let record = line.strip_suffix(b"\n").and_then(Record::parse);
            match record {
                Some(record) => {
                    let place = Place {
                        segment: number,
                        offset: whole.len() as u64,
                        length: line.len() as u64,
                    };
                    newest = newest.max(record.begin().at);
                    whole.extend_from_slice(line);
                    self.learn(&record, place);
                }
                None if !is_last => return Err(JournalError::Damaged { path, offset }),
                None => {}
            }
            offset += line.len() as u64;
        }
        if whole.len() < bytes.len() {
            let torn = bytes.len() - whole.len();
            warn!(
                "{}: {torn} bytes were never whole, and are taken out",
                path.display()
            );
            segment::replace(&path, &whole)?;
        }
        let length = whole.len() as u64;
        let segment = Segment {
            length,
            newest,
            running: 0,
            bare: false,
            file: None,
        };
        self.segments.insert(number, segment);
        Ok(())
    }

    fn learn(&mut self, record: &Record, place: Place) {
        let state = match record {
            Record::Void(begin) => {
                self.entries.remove(&begin.key);
                return;
            }
            Record::Begin(begin) => State::Unknown {
                id: begin.id.clone(),
            },
            Record::End { .. } => State::Ended(place),
        };
        let begin = record.begin();
        let entry = Entry {
            digest: begin.digest,
            at: begin.at,
            state,
        };
        self.entries.insert(begin.key, entry);
    }
}
