//! How much of a quota is used.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::refusal::{Reason, Refusal};

/// How much of a root's quota is used: what was counted by a walk through the root, what has changed
/// since through the agent, and what uploads at work may still write. What others change beneath the
/// root is seen by the next walk.
#[derive(Debug)]
pub(crate) struct Usage {
    quota: Option<u64>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes of files, whole or not; nothing before the first walk.
    stored: Option<u64>,
    /// Bytes that uploads at work may write, written ones included.
    reserved: u64,
    /// Counts what would make a walk wrong that is under way.
    changes: u64,
}

/// Bytes that an upload may write. What it did not come to is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    usage: Arc<Usage>,
    bytes: u64,
}

impl Usage {
    pub(crate) fn new(quota: Option<u64>) -> Self {
        Self {
            quota,
            state: Mutex::default(),
        }
    }

    pub(crate) fn quota(&self) -> Option<u64> {
        self.quota
    }

    /// Bytes in use, where that is counted and known.
    pub(crate) fn used(&self) -> Option<u64> {
        let state = self.lock();
        self.quota?;
        state
            .stored
            .map(|stored| stored.saturating_add(state.reserved))
    }

    /// Room for so many bytes.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: u64) -> Result<Reservation, Refusal> {
        let mut reservation = Reservation {
            usage: Arc::clone(self),
            bytes: 0,
        };
        reservation.grow(bytes)?;
        Ok(reservation)
    }

    /// So many bytes were removed.
    pub(crate) fn removed(&self, bytes: u64) {
        let mut state = self.lock();
        state.changes += 1;
        state.stored = state.stored.map(|stored| stored.saturating_sub(bytes));
    }

    /// Takes over what a walk counts, unless something changed through the agent meanwhile; answers
    /// whether it was taken.
    pub(crate) fn recount<E>(&self, walk: impl FnOnce() -> Result<u64, E>) -> Result<bool, E> {
        let before = {
            let state = self.lock();
            if state.reserved > 0 {
                return Ok(false);
            }
            state.changes
        };
        let counted = walk()?;
        let mut state = self.lock();
        let still = state.changes == before;
        if still {
            state.stored = Some(counted);
        }
        Ok(still)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Room for so many more bytes.
    pub(crate) fn grow(&mut self, more: u64) -> Result<(), Refusal> {
        let mut state = self.usage.lock();
        if let Some(quota) = self.usage.quota {
            let Some(stored) = state.stored else {
                return Err(Refusal::new(
                    Reason::Starting,
                    "the files beneath the root are being counted for its quota",
                    "try again in some seconds",
                )
                .retry_after(std::time::Duration::from_secs(1)));
            };
            let used = stored.saturating_add(state.reserved);
            if used.saturating_add(more) > quota {
                return Err(Refusal::new(
                    Reason::Quota,
                    format!("{more} bytes are too many: {used} of {quota} bytes are used"),
                    "delete files, or raise the quota of the root",
                ));
            }
        }
        state.reserved = state.reserved.saturating_add(more);
        state.changes += 1;
        self.bytes = self.bytes.saturating_add(more);
        Ok(())
    }

    /// So many bytes were stored and stay, and so many others were replaced.
    pub(crate) fn settle(self, stored: u64, replaced: u64) {
        let mut state = self.usage.lock();
        let all = state.stored.map(|all| all.saturating_add(stored));
        state.stored = all.map(|all| all.saturating_sub(replaced));
        // The rest is given back by the drop.
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.usage.lock();
        state.changes += 1;
        state.reserved = state.reserved.saturating_sub(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn counted(quota: u64, stored: u64) -> Arc<Usage> {
        let usage = Arc::new(Usage::new(Some(quota)));
        assert!(usage.recount(|| Ok::<_, Infallible>(stored)).unwrap());
        usage
    }

    #[test]
    fn nothing_is_taken_before_the_root_was_counted() {
        let usage = Arc::new(Usage::new(Some(10)));
        assert_eq!(usage.reserve(1).unwrap_err().reason, Reason::Starting);
        let without = Arc::new(Usage::new(None));
        assert!(without.reserve(u64::MAX).is_ok());
    }

    #[test]
    fn what_is_reserved_stored_and_given_back_is_counted() {
        let usage = counted(100, 40);
        let mut first = usage.reserve(50).unwrap();
        assert_eq!(usage.reserve(11).unwrap_err().reason, Reason::Quota);
        first.grow(10).unwrap();
        assert!(first.grow(1).is_err());
        first.settle(20, 5);
        assert_eq!(usage.used(), Some(55));
        usage.removed(60);
        assert_eq!(usage.used(), Some(0));
    }

    #[test]
    fn a_walk_is_not_taken_over_that_was_overtaken() {
        let usage = counted(100, 10);
        let overtaken = usage.recount(|| {
            drop(usage.reserve(1).unwrap());
            Ok::<_, Infallible>(99)
        });
        assert!(!overtaken.unwrap());
        assert_eq!(usage.used(), Some(10));
        let held = usage.reserve(1).unwrap();
        assert!(!usage.recount(|| Ok::<_, Infallible>(99)).unwrap());
        drop(held);
    }

    proptest! {
        #[test]
        fn the_quota_is_never_passed(steps in proptest::collection::vec((0_u64..60, any::<bool>()), 0..40)) {
            let usage = counted(100, 0);
            let mut held = Vec::new();
            for (bytes, settle) in steps {
                if let Ok(reservation) = usage.reserve(bytes) {
                    if settle { reservation.settle(bytes, 0) } else { held.push(reservation) }
                }
                prop_assert!(usage.used().unwrap() <= 100);
            }
        }
    }
}
