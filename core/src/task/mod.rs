//! Asynchronous tasks that are known by name and place: this program's goroutines.
//!
//! Whatever the program has the runtime do is begun here. Of each task there is a record while it
//! lives: who spawned it, where in the code, whether it runs, since when, and what it has cost. The
//! runtime itself would tell none of that; `docs/decisions/0030` says why it is done this way.
//!
//! Names are short plain words that say what the task does, and stand in the code: `connection`,
//! `schedule`, `export`.
#![allow(
    // This is where the rest of the program is sent to.
    clippy::disallowed_methods
)]

mod clock;
mod record;
mod recorded;
mod registry;
mod row;
#[cfg(test)]
mod tests;

use std::{future::Future, panic::Location};

use tokio::task::{AbortHandle, JoinHandle, JoinSet};

pub use self::{
    recorded::Recorded,
    registry::list,
    row::{State, Task},
};

/// Spawns a task onto the current runtime; `name` says what it does.
#[track_caller]
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(record(name, future))
}

/// Spawns a task that belongs to `set`.
#[track_caller]
pub fn spawn_in<F>(set: &mut JoinSet<F::Output>, name: &'static str, future: F) -> AbortHandle
where
    F: Future<Output: Send> + Send + 'static,
{
    set.spawn(record(name, future))
}

/// Has a thread of the current runtime do what blocks. Until one takes it, it waits.
#[track_caller]
pub fn spawn_blocking<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let entry = registry::enter(name, Location::caller());
    tokio::task::spawn_blocking(move || {
        let _running = entry.run();
        work()
    })
}

/// A future that is recorded from now on until it is dropped: for those that are not spawned but
/// driven, as the first one of the program is.
#[track_caller]
pub fn record<F: Future>(name: &'static str, future: F) -> Recorded<F> {
    Recorded::new(future, registry::enter(name, Location::caller()))
}
