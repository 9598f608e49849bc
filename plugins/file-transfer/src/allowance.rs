//! How many refusals the audit log is told.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Records of refusals that are written at once, and each second: who is refused again and again
/// fills no disk, and no record of something that was done gives way to them.
const AT_ONCE: f64 = 50.0;
const A_SECOND: f64 = 10.0;

/// Decides which refusals are recorded.
#[derive(Debug)]
pub(crate) struct Allowance(Mutex<State>);

#[derive(Debug)]
struct State {
    left: f64,
    when: Instant,
    /// Refusals that were not recorded since the last one that was.
    passed_over: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self(Mutex::new(State {
            left: AT_ONCE,
            when: Instant::now(),
            passed_over: 0,
        }))
    }
}

impl Allowance {
    /// How many refusals were passed over before this one; nothing where it is one of them.
    pub(crate) fn take(&self) -> Option<u64> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.saturating_duration_since(state.when).as_secs_f64();
        state.left = (state.left + since * A_SECOND).min(AT_ONCE);
        state.when = now.max(state.when);
        if state.left < 1.0 {
            state.passed_over += 1;
            return None;
        }
        state.left -= 1.0;
        Some(std::mem::take(&mut state.passed_over))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn refusals_are_recorded_up_to_a_rate_and_the_others_counted() {
        let allowance = Allowance::default();
        let now = Instant::now();
        let taken = |at| {
            (0..80)
                .filter_map(|_| allowance.take_at(at))
                .collect::<Vec<_>>()
        };
        assert_eq!(taken(now), [0; 50]);
        let later = taken(now + Duration::from_secs(1));
        assert_eq!((later.len(), later.first()), (10, Some(&30)));
        assert_eq!(taken(now + Duration::from_hours(1)).len(), 50);
    }
}
