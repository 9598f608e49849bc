//! The right to run a key, once.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use gaxx_sdk::log::error;

use super::{
    Books, Journal, JournalError, State,
    record::{Begin, Record},
};
use crate::report::Report;

/// A run that others wait for.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    outcome: Mutex<Outcome>,
    told: Condvar,
}

#[derive(Debug, Default)]
enum Outcome {
    #[default]
    Running,
    Ended(Arc<Report>),
    /// It did not run, or nobody knows how it ended.
    Nothing,
}

/// What has come of a run by now.
#[derive(Debug)]
pub(crate) enum Awaited {
    NotYet,
    Ended(Arc<Report>),
    /// It did not run, or nobody knows how it ended.
    Nothing,
}

/// The right to run a key, once. Dropped after it was written down, and without another word, it
/// leaves a run of which nobody knows how it ended.
#[derive(Debug)]
pub(crate) struct Ticket {
    journal: Arc<Journal>,
    begin: Begin,
    written: Option<Written>,
    pending: Arc<Pending>,
    open: bool,
}

/// Where a run was written down.
#[derive(Debug, Clone, Copy)]
struct Written {
    /// The number of the record among all.
    number: u64,
    segment: u64,
}

impl Pending {
    /// Waits for the report, so long at most.
    pub(crate) fn wait(&self, patience: Duration) -> Awaited {
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let running = |outcome: &mut Outcome| matches!(outcome, Outcome::Running);
        let waited = self.told.wait_timeout_while(outcome, patience, running);
        match &*waited.unwrap_or_else(PoisonError::into_inner).0 {
            Outcome::Running => Awaited::NotYet,
            Outcome::Ended(report) => Awaited::Ended(Arc::clone(report)),
            Outcome::Nothing => Awaited::Nothing,
        }
    }

    fn tell(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
        self.told.notify_all();
    }
}

impl Ticket {
    pub(super) fn new(journal: &Arc<Journal>, begin: Begin, pending: Arc<Pending>) -> Self {
        let journal = Arc::clone(journal);
        Self {
            journal,
            begin,
            written: None,
            pending,
            open: true,
        }
    }

    /// Whether others wait for this run too.
    pub(crate) fn is_shared(&self) -> bool {
        // The journal's and this one are always there.
        Arc::strong_count(&self.pending) > 2
    }

    /// Writes down that the run is about to begin.
    pub(crate) fn write(&mut self) -> Result<(), JournalError> {
        self.begin.at = super::now();
        let mut books = self.journal.books();
        self.journal.with_room(&mut books, self.begin.at)?;
        let (place, number) =
            books.append(&self.journal.folder, &Record::Begin(self.begin.clone()))?;
        books.entered(place.segment);
        self.written = Some(Written {
            number,
            segment: place.segment,
        });
        Ok(())
    }

    /// Work for another thread, after which it is durable, or the journal knows why not.
    pub(crate) fn syncing(&self) -> impl FnOnce() + Send + 'static {
        let (journal, written) = (Arc::clone(&self.journal), self.written);
        move || {
            // Who waits for it is told the error.
            let _ = written.map(|written| journal.durable(written.number));
        }
    }

    /// Waits until that is durable. Before that no command may start.
    pub(crate) fn durable(&self) -> Result<(), JournalError> {
        self.written
            .map_or(Ok(()), |written| self.journal.durable(written.number))
    }

    /// The command was not started: the key is as new.
    pub(crate) fn release(mut self) {
        self.give_back();
    }

    fn give_back(&mut self) {
        self.open = false;
        let mut books = self.journal.books();
        if let Some(written) = self.written {
            // What cannot be written is taken for a run whose end is unknown, after a restart: the
            // key is lost then, and nothing runs twice.
            let void = Record::Void(Begin {
                at: super::now(),
                ..self.begin.clone()
            });
            if let Err(error) = books.append(&self.journal.folder, &void) {
                error!("a key that was not used cannot be given back: {error}");
            }
            books.left(written.segment);
        }
        books.entries.remove(&self.begin.key);
        drop(books);
        self.pending.tell(Outcome::Nothing);
    }

    /// The command has ended, with this report.
    pub(crate) fn finish(mut self, report: &Arc<Report>) {
        self.open = false;
        let journal = Arc::clone(&self.journal);
        let mut books = journal.books();
        let begin = Begin {
            at: super::now(),
            ..self.begin.clone()
        };
        let at = begin.at;
        let end = |report: Report| Record::End {
            begin: begin.clone(),
            report: Box::new(report),
        };
        let whole = books.append(&journal.folder, &end((**report).clone()));
        // The outcome alone may still fit.
        let written = whole.or_else(|_| {
            let mut bare = (**report).clone();
            bare.forget_output();
            books.append(&journal.folder, &end(bare))
        });
        let state = match written {
            Ok((place, _)) => State::Ended(place),
            Err(error) => {
                error!("how a run has ended cannot be kept: {error}");
                State::Unknown {
                    id: begin.id.clone(),
                }
            }
        };
        if let Some(entry) = books.entries.get_mut(&begin.key) {
            (entry.at, entry.state) = (at, state);
        }
        if let Some(written) = self.written {
            books.left(written.segment);
        }
        drop(books);
        self.pending.tell(Outcome::Ended(Arc::clone(report)));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(written) = self.written.filter(|_| self.open) else {
            if self.open {
                self.give_back();
            }
            return;
        };
        let mut books = self.journal.books();
        if let Some(entry) = books.entries.get_mut(&self.begin.key) {
            entry.state = State::Unknown {
                id: self.begin.id.clone(),
            };
        }
        books.left(written.segment);
        drop(books);
        self.pending.tell(Outcome::Nothing);
    }
}

impl Books {
    /// A run begins in this segment.
    pub(super) fn entered(&mut self, segment: u64) {
        if let Some(segment) = self.segments.get_mut(&segment) {
            segment.running += 1;
        }
    }

    /// A run of this segment has ended.
    fn left(&mut self, segment: u64) {
        if let Some(segment) = self.segments.get_mut(&segment) {
            segment.running = segment.running.saturating_sub(1);
        }
    }
}
