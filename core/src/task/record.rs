//! What is known of a live task.

use std::{
    cell::Cell,
    num::NonZeroU64,
    panic::Location,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{
    clock,
    row::{State, Task},
};

/// Stands for a task; none is used twice.
pub(super) type Id = NonZeroU64;

/// Set in what [`Record::standing`] holds while the task runs.
const RUNNING: u64 = 1;

thread_local! {
    /// The task that this thread runs.
    static CURRENT: Cell<Option<Id>> = const { Cell::new(None) };
}

/// What is known of a live task. Whoever runs the task writes, and a task is run by one thread at a
/// time; anybody reads.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: Id,
    name: &'static str,
    place: &'static Location<'static>,
    parent: Option<Id>,
    /// When it was spawned.
    born: u64,
    /// When its state began, times two, and [`RUNNING`]: both are read and written at once.
    standing: AtomicU64,
    polls: AtomicU64,
    /// Nanoseconds for which it has run, without what it is running now.
    busy: AtomicU64,
}

impl Record {
    /// Of a task that the one on this thread spawns now, and that waits to be run.
    pub(super) fn new(id: Id, name: &'static str, place: &'static Location<'static>) -> Self {
        let born = clock::now();
        Self {
            id,
            name,
            place,
            parent: CURRENT.get(),
            born,
            standing: AtomicU64::new(born << 1),
            polls: AtomicU64::new(0),
            busy: AtomicU64::new(0),
        }
    }

    /// Notes that this thread runs the task, until what is answered is dropped.
    pub(super) fn run(&self) -> Running<'_> {
        let began = clock::now();
        self.standing.store(began << 1 | RUNNING, Relaxed);
        add(&self.polls, 1);
        Running {
            record: self,
            began,
            outer: CURRENT.replace(Some(self.id)),
        }
    }

    /// As it is at this moment.
    pub(super) fn row(&self) -> Task {
        let standing = self.standing.load(Relaxed);
        let busy = self.busy.load(Relaxed);
        // Read after what it is compared with, which another thread may be writing.
        let now = clock::now();
        let since = now.saturating_sub(standing >> 1);
        let (state, running) = if standing & RUNNING == 0 {
            (State::Waiting, 0)
        } else {
            (State::Running, since)
        };
        Task {
            id: self.id.get(),
            name: self.name,
            file: self.place.file(),
            line: self.place.line(),
            state,
            age_seconds: clock::seconds(now.saturating_sub(self.born)),
            since_seconds: clock::seconds(since),
            polls: self.polls.load(Relaxed),
            busy_seconds: clock::seconds(busy + running),
            parent: self.parent.map(Id::get),
        }
    }
}

/// A task that this thread runs.
#[must_use = "the task waits again when it is dropped"]
pub(super) struct Running<'a> {
    record: &'a Record,
    began: u64,
    /// What this thread ran before, and goes on with.
    outer: Option<Id>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        CURRENT.set(self.outer);
        let now = clock::now();
        add(&self.record.busy, now.saturating_sub(self.began));
        self.record.standing.store(now << 1, Relaxed);
    }
}

/// Adds to a number that one thread at a time writes, which is cheaper than doing so at once.
fn add(number: &AtomicU64, more: u64) {
    number.store(number.load(Relaxed).wrapping_add(more), Relaxed);
}
