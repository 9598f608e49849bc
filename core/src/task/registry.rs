//! All tasks that live.

use std::{
    collections::BTreeMap,
    ops::Deref,
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use parking_lot::Mutex;

use super::{
    record::{Id, Record},
    row::Task,
};

/// Held only to add, to remove or to copy the references: never while a task runs.
static LIVE: Mutex<BTreeMap<Id, Arc<Record>>> = Mutex::new(BTreeMap::new());

/// A task's place among those that live; dropping it ends that.
#[derive(Debug)]
pub(super) struct Entry(Arc<Record>);

/// Adds a task, spawned at `place` by the one that runs on this thread.
pub(super) fn enter(name: &'static str, place: &'static Location<'static>) -> Entry {
    static SPAWNED: AtomicU64 = AtomicU64::new(0);
    let id = Id::MIN.saturating_add(SPAWNED.fetch_add(1, Relaxed));
    let record = Arc::new(Record::new(id, name, place));
    LIVE.lock().insert(id, Arc::clone(&record));
    Entry(record)
}

/// All tasks that live, the oldest first, and what blocks in the runtime's threads for them.
pub fn list() -> Vec<Task> {
    let live: Vec<_> = LIVE.lock().values().map(Arc::clone).collect();
    live.iter().map(|record| record.row()).collect()
}

impl Deref for Entry {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.0
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        LIVE.lock().remove(&self.0.id);
    }
}
