//! How long to wait before the next try.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// Waits that double from one second to a minute.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Begins anew after a success.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after one more failure, at least as long as the receiver asked for.
    pub(super) fn after_failure(&mut self, asked: Duration) -> Duration {
        let doubled = FIRST * 2u32.saturating_pow(self.failures.min(10));
        self.failures += 1;
        doubled.min(LONGEST).max(asked.min(LONGEST * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..8)
            .map(|_| backoff.after_failure(Duration::ZERO).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.reset();
        assert_eq!(backoff.after_failure(Duration::ZERO).as_secs(), 1);
    }

    #[test]
    fn a_receiver_is_left_alone_as_long_as_it_asks() {
        let asked = Duration::from_secs(90);
        assert_eq!(Backoff::default().after_failure(asked), asked);
    }
}
