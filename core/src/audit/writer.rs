//! The thread that writes. All who wait while it does share the next write and sync.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use super::{
    AuditError,
    journal::{Journal, Record},
};
use crate::instruments;

/// How long a record that nobody waits for is written and not synced, and how long one waits for the
/// next try where it could not be written.
const PAUSE: Duration = Duration::from_secs(1);
/// The most bytes of records that wait.
const MOST_WAITING: usize = 16 << 20;
/// The most bytes that are written at once.
const MOST_AT_ONCE: usize = 1 << 20;

/// A record on its way, and who waits for it.
struct Entry {
    record: Record,
    waiting: Option<SyncSender<Result<(), AuditError>>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.record.component.len() + self.record.fields.len()
    }

    fn is_waited_for(&self) -> bool {
        self.waiting.is_some()
    }
}

/// Where records wait for the writer.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    /// Bytes of records that are neither durable nor given up.
    bytes: usize,
    closed: bool,
}

impl Queue {
    /// Puts a record into the queue; the answer comes once it is durable, if it is waited for.
    pub(super) fn put(
        &self,
        record: Record,
        wait: bool,
    ) -> Result<Option<Receiver<Result<(), AuditError>>>, AuditError> {
        let (waiting, answer) = wait.then(|| sync_channel(1)).unzip();
        let entry = Entry { record, waiting };
        let mut state = self.state.lock();
        if state.closed {
            return Err(AuditError::Closed);
        }
        let bytes = state.bytes + entry.bytes();
        if bytes > MOST_WAITING {
            return Err(AuditError::Full(state.bytes));
        }
        state.bytes = bytes;
        state.entries.push_back(entry);
        self.came.notify_one();
        Ok(answer)
    }

    /// Takes no more; the writer ends when it has written what there is.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.came.notify_one();
    }

    /// What waits, at most so much as is written at once, and whether there will be no more.
    fn take(&self, until: Option<Instant>) -> (Vec<Entry>, bool) {
        let mut state = self.state.lock();
        while state.entries.is_empty() && !state.closed {
            match until {
                None => self.came.wait(&mut state),
                Some(until) => {
                    if self.came.wait_until(&mut state, until).timed_out() {
                        break;
                    }
                }
            }
        }
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while bytes < MOST_AT_ONCE
            && let Some(entry) = state.entries.pop_front()
        {
            bytes += entry.bytes();
            taken.push(entry);
        }
        (taken, state.closed && state.entries.is_empty())
    }

    fn release(&self, entries: &[Entry]) {
        let bytes: usize = entries.iter().map(Entry::bytes).sum();
        self.state.lock().bytes -= bytes;
    }
}

/// What the thread has in hand.
pub(super) struct Writer {
    journal: Journal,
    queue: Arc<Queue>,
    metrics: instruments::Audit,
    /// Written, not known to be durable.
    unsynced: Vec<Entry>,
    /// Not written: nobody waits for them, and they are tried again.
    again: Vec<Entry>,
    /// When what is in hand is tried or synced at the latest.
    due: Option<Instant>,
    /// The last try failed; said once.
    failing: bool,
}

impl Writer {
    pub(super) fn new(journal: Journal, queue: Arc<Queue>, metrics: instruments::Audit) -> Self {
        Self {
            journal,
            queue,
            metrics,
            unsynced: Vec::new(),
            again: Vec::new(),
            due: None,
            failing: false,
        }
    }

    /// Writes until the queue is closed.
    pub(super) fn run(mut self) {
        loop {
            let (taken, is_last) = self.queue.take(self.due);
            self.write(taken);
            let is_due = self.due.is_some_and(|due| due <= Instant::now());
            if is_last || is_due || self.unsynced.iter().any(Entry::is_waited_for) {
                self.sync();
            }
            if is_last {
                return;
            }
            let idle = self.unsynced.is_empty() && self.again.is_empty();
            self.due = match (idle, self.due) {
                (true, _) => None,
                (false, Some(due)) if !is_due => Some(due),
                (false, _) => Some(Instant::now() + PAUSE),
            };
        }
    }

    /// Writes these, behind those that could not be written before.
    fn write(&mut self, taken: Vec<Entry>) {
        let mut batch = std::mem::take(&mut self.again);
        batch.extend(taken);
        if batch.is_empty() {
            return;
        }
        match self.journal.write(batch.iter().map(|entry| &entry.record)) {
            Ok(()) => self.unsynced.append(&mut batch),
            Err(error) => self.failed(&error, batch),
        }
    }

    fn sync(&mut self) {
        if self.unsynced.is_empty() {
            return;
        }
        let begun = Instant::now();
        match self.journal.sync() {
            Ok(()) => {
                let done = std::mem::take(&mut self.unsynced);
                self.queue.release(&done);
                self.metrics.committed(done.len(), begun.elapsed());
                for entry in done {
                    answer(entry, Ok(()));
                }
                if std::mem::take(&mut self.failing) {
                    tracing::info!("the audit log is written again");
                }
            }
            Err(error) => self.failed(&error, Vec::new()),
        }
    }

    /// Tells all who wait; the others' records are written again.
    fn failed(&mut self, error: &AuditError, batch: Vec<Entry>) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(remedy = error.remedy(), "{error}");
        }
        let mut all = Vec::new();
        if self.journal.is_broken() {
            all.append(&mut self.unsynced);
        }
        all.extend(batch);
        let (told, again): (Vec<_>, Vec<_>) = all.into_iter().partition(Entry::is_waited_for);
        self.again = again;
        self.queue.release(&told);
        for entry in told {
            self.metrics.failed(error.reason());
            answer(entry, Err(error.clone()));
        }
    }
}

fn answer(entry: Entry, answer: Result<(), AuditError>) {
    if let Some(waiting) = entry.waiting {
        // Who no longer waits is not told.
        let _ = waiting.try_send(answer);
    }
}
