//! Which keyed requests have run, and what came of them: durable before a command starts, so that
//! no key ever runs twice.
//!
//! A folder of segments, written at the end only. A record is a line: a checksum, a space, and
//! JSON. A run has a `begin`, which is durable before its command starts, and an `end`. A `begin`
//! without an `end` is a run that a crash has cut: its end is unknown, and it does not run again.

mod compact;
mod error;
mod record;
mod recovery;
mod segment;
#[cfg(test)]
mod tests;
mod ticket;

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

pub(crate) use error::JournalError;
pub(crate) use ticket::{Awaited, Pending, Ticket};

use self::{
    record::Begin,
    segment::{Place, Segment},
};
use crate::{report::Report, request::Key};

/// A key, as it is known: the first half of its BLAKE3.
type Known = [u8; 16];
/// What two equal requests have alike.
pub(crate) type Digest = [u8; 32];

/// How the journal is bounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) keep: Duration,
    pub(crate) keys: usize,
    pub(crate) bytes: u64,
}

/// The journal of keyed requests.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    bounds: Bounds,
    books: Mutex<Books>,
    /// Told when what was written has become durable.
    synced: Condvar,
    /// Held as long as the journal is open: one program writes it.
    _lock: File,
}

/// What is known of a key.
#[derive(Debug, Clone)]
enum State {
    /// It runs; those who ask wait.
    Running(Arc<Pending>),
    /// It has ended, and its report stands there.
    Ended(Place),
    /// Nobody knows how it ended.
    Unknown { id: String },
}

#[derive(Debug)]
struct Entry {
    digest: Digest,
    /// When its last record was written, in seconds since 1970.
    at: u64,
    state: State,
}

#[derive(Debug)]
struct Books {
    entries: HashMap<Known, Entry>,
    /// By number; the last is written to.
    segments: BTreeMap<u64, Segment>,
    /// How many records were written, and how many of them are durable.
    written: u64,
    durable: u64,
    /// Whether somebody is making records durable, for all who wait.
    syncing: bool,
    /// Once a write could not be made durable, nobody knows what is.
    broken: Option<String>,
}

/// What a key turns out to be.
#[derive(Debug)]
pub(crate) enum Claim {
    /// A new one: its command may run once the ticket is durable.
    New(Ticket),
    /// The same request runs.
    Running(Arc<Pending>),
    /// The same request has run.
    Ended(Box<Report>),
    /// The same request was run under this id, and nobody knows how that ended.
    Unknown { id: String },
    /// Another request has this key.
    Other,
}

impl Journal {
    /// Opens the journal in a folder, which is made where it is not there. Waits a little for
    /// another version of this plugin that is about to leave it.
    pub(crate) fn open(folder: &Path, bounds: Bounds) -> Result<Arc<Self>, JournalError> {
        let lock = segment::lock(folder)?;
        Ok(Arc::new(Self {
            folder: folder.to_owned(),
            bounds,
            books: Mutex::new(recovery::read(folder)?),
            synced: Condvar::new(),
            _lock: lock,
        }))
    }

    /// Looks a key up, and takes it where it is new. Nothing is written down yet.
    pub(crate) fn claim(
        self: &Arc<Self>,
        caller: &str,
        key: &Key,
        digest: Digest,
        id: &str,
    ) -> Result<Claim, JournalError> {
        let known = known(caller, key);
        let at = now();
        let mut books = self.books();
        let oldest = at.saturating_sub(self.bounds.keep.as_secs());
        if let Some(entry) = books.entries.get(&known)
            && (entry.at >= oldest || matches!(entry.state, State::Running(_)))
        {
            if entry.digest != digest {
                return Ok(Claim::Other);
            }
            return Ok(match entry.state.clone() {
                State::Running(pending) => Claim::Running(pending),
                State::Unknown { id } => Claim::Unknown { id },
                State::Ended(place) => {
                    Claim::Ended(Box::new(segment::report(&self.folder, place)?))
                }
            });
        }
        let begin = Begin {
            key: known,
            digest,
            at,
            id: id.to_owned(),
        };
        let pending = Arc::new(Pending::default());
        let state = State::Running(Arc::clone(&pending));
        books.entries.insert(known, Entry { digest, at, state });
        drop(books);
        Ok(Claim::New(Ticket::new(self, begin, pending)))
    }

    /// Waits until the record of this number is durable: one of those who wait does it for all.
    fn durable(&self, number: u64) -> Result<(), JournalError> {
        let mut books = self.books();
        loop {
            if let Some(reason) = &books.broken {
                return Err(JournalError::Broken(reason.clone()));
            }
            if books.durable >= number {
                return Ok(());
            }
            if books.syncing {
                books = self
                    .synced
                    .wait(books)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            books.syncing = true;
            let (upto, file) = (books.written, books.file()?);
            drop(books);
            let result = file.sync_data();
            books = self.books();
            books.syncing = false;
            match result {
                Ok(()) => books.durable = books.durable.max(upto),
                Err(error) => books.broken = Some(error.to_string()),
            }
            self.synced.notify_all();
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name under which a caller's key is known: what others choose is no concern of his.
fn known(caller: &str, key: &Key) -> Known {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(caller.len() as u64).to_le_bytes());
    hasher.update(caller.as_bytes());
    hasher.update(key.as_str().as_bytes());
    let mut known = Known::default();
    known.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    known
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
