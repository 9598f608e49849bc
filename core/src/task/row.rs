//! Tasks as people and programs are told of them.

use serde::Serialize;

/// A live task, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Task {
    /// Its number; none is used twice.
    pub id: u64,
    /// What it does.
    pub name: &'static str,
    /// The file that spawned it, below the folder it was compiled in.
    pub file: &'static str,
    /// The line of that.
    pub line: u32,
    /// Whether it runs.
    pub state: State,
    /// Seconds since it was spawned.
    pub age_seconds: f64,
    /// Seconds since it is in that state.
    pub since_seconds: f64,
    /// How often it was run.
    pub polls: u64,
    /// Seconds for which it has run.
    pub busy_seconds: f64,
    /// The task that spawned it, which may have ended; nothing where no task did.
    pub parent: Option<u64>,
}

/// Whether a task runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A thread runs it.
    Running,
    /// It waits for something, or for a thread.
    Waiting,
}
