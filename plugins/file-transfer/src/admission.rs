//! How many requests are at work at once.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use gaxx_sdk::metrics::Gauge;

/// How many requests are at work, of those that may be.
#[derive(Debug)]
pub(crate) struct Admission {
    most: usize,
    at_work: Mutex<usize>,
    left: Condvar,
    gauge: Gauge,
}

/// Held by a request at work.
#[derive(Debug)]
pub(crate) struct Place(Arc<Admission>);

impl Admission {
    pub(crate) fn new(most: usize, gauge: Gauge) -> Arc<Self> {
        Arc::new(Self {
            most,
            at_work: Mutex::new(0),
            left: Condvar::new(),
            gauge,
        })
    }

    /// A place, unless all are taken.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let mut at_work = self.lock();
        if *at_work >= self.most {
            return None;
        }
        *at_work += 1;
        self.gauge.set(*at_work as f64);
        Some(Place(Arc::clone(self)))
    }

    /// Waits until nothing is at work, no longer than until then; answers whether that is so.
    pub(crate) fn wait_idle(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        let waited = self
            .left
            .wait_timeout_while(self.lock(), left, |at_work| *at_work > 0);
        let (at_work, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *at_work == 0
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut at_work = self.0.lock();
        *at_work -= 1;
        self.0.gauge.set(*at_work as f64);
        self.0.left.notify_all();
    }
}
