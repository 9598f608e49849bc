//! Asynchronous tasks that are known by name and place: this program's goroutines.

use std::{future::Future, panic::Location};

use tokio::task::JoinHandle;

/// Spawns a task; `name` says what it does, from a closed set.
#[track_caller]
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let _place = Location::caller();
    let _ = name;
    tokio::spawn(future)
}
