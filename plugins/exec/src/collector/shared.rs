//! What the thread that reads a long-lived program shares with collections.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use gaxx_sdk::prelude::{Error, Result};

use crate::exposition::Family;

/// The last exposition, and whether the program is to end.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// When the last exposition came, and what it was; or why there is none.
    latest: Option<(Instant, Result<Arc<Vec<Family>>>)>,
    is_stopping: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, result: Result<Vec<Family>>) {
        self.lock().latest = Some((Instant::now(), result.map(Arc::new)));
        self.changed.notify_all();
    }

    /// The last exposition, and how old it is. Waits for the first one for so long.
    pub(super) fn latest(
        &self,
        patience: Duration,
    ) -> Option<(Duration, Result<Arc<Vec<Family>>>)> {
        let waits = |state: &mut State| state.latest.is_none() && !state.is_stopping;
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), patience, waits);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let (at, result) = state.latest.as_ref()?;
        Some((at.elapsed(), result.clone()))
    }

    pub(super) fn stop(&self) {
        self.lock().is_stopping = true;
        self.changed.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.lock().is_stopping
    }

    /// Waits for so long, or until the program is to end.
    pub(super) fn pause(&self, time: Duration) {
        let runs = |state: &mut State| !state.is_stopping;
        drop(self.changed.wait_timeout_while(self.lock(), time, runs));
    }

    /// The error of a program that printed nothing so far.
    pub(super) fn nothing_yet(path: &str) -> Error {
        Error::failed(format!("{path} has not printed an exposition yet"))
            .remedy("end each exposition with an empty line or `# EOF`, and flush the output")
    }
}
