//! Places for what may be at work at once.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Places for what may be at work at once.
#[derive(Debug)]
pub(crate) struct Places {
    most: usize,
    taken: Mutex<usize>,
    left: Condvar,
}

/// A place that is taken; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Places>);

impl Places {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            taken: Mutex::new(0),
            left: Condvar::new(),
        })
    }

    /// A place, unless all are taken.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        self.take(&mut self.lock())
    }

    /// A place, waiting for one until then and while it is wanted, which is asked this often.
    pub(crate) fn enter_until(
        self: &Arc<Self>,
        until: Instant,
        often: Duration,
        is_wanted: &dyn Fn() -> bool,
    ) -> Option<Place> {
        let mut taken = self.lock();
        loop {
            if let Some(place) = self.take(&mut taken) {
                return Some(place);
            }
            if Instant::now() >= until || !is_wanted() {
                return None;
            }
            let waited = self.left.wait_timeout(taken, often);
            taken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until no place is taken, no longer than until then; answers whether that is so.
    pub(crate) fn wait_idle(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        let waited = self
            .left
            .wait_timeout_while(self.lock(), left, |taken| *taken > 0);
        let (taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *taken == 0
    }

    fn take(self: &Arc<Self>, taken: &mut usize) -> Option<Place> {
        (*taken < self.most).then(|| {
            *taken += 1;
            Place(Arc::clone(self))
        })
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use super::*;

    const OFTEN: Duration = Duration::from_millis(1);

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    #[test]
    fn there_are_so_many_and_each_comes_back() {
        let places = Places::new(2);
        let (one, two) = (places.enter(), places.enter());
        assert!(one.is_some() && two.is_some());
        assert!(places.enter().is_none());
        assert!(!places.wait_idle(Instant::now()));
        drop(one);
        let three = places.enter();
        assert!(three.is_some());
        drop((two, three));
        assert!(places.wait_idle(soon()));
    }

    #[test]
    fn one_may_wait_for_a_place_while_it_is_wanted() {
        let places = Places::new(1);
        let place = places.enter();
        assert!(places.enter_until(soon(), OFTEN, &|| false).is_none());
        assert!(
            places
                .enter_until(Instant::now(), OFTEN, &|| true)
                .is_none()
        );
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                barrier.wait();
                places.enter_until(soon(), OFTEN, &|| true).is_some()
            });
            barrier.wait();
            drop(place);
            assert!(waiting.join().unwrap_or(false));
        });
    }
}
