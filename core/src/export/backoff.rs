//! How long to wait before the next try.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// Waits that double from one second to a minute, each cut short by chance by up to a half: a
/// thousand nodes whose receiver was away do not come back at the same moment.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    chance: RandomState,
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
        // Keys of hashers are chosen by chance.
        let chance = self.chance.hash_one(self.failures);
        let half = doubled.min(LONGEST) / 2;
        let wait = half + half.mul_f64((chance >> 11) as f64 / (1_u64 << 53) as f64);
        wait.max(asked.min(LONGEST * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew() {
        let mut backoff = Backoff::default();
        for longest in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = backoff.after_failure(Duration::ZERO).as_secs_f64();
            let longest = f64::from(longest);
            assert!(
                (longest / 2.0..=longest).contains(&wait),
                "{wait} {longest}"
            );
        }
        backoff.reset();
        assert!(backoff.after_failure(Duration::ZERO) <= FIRST);
    }

    #[test]
    fn two_do_not_wait_alike() {
        let wait = || Backoff::default().after_failure(Duration::ZERO);
        assert!((0..20).any(|_| wait() != wait()));
    }

    #[test]
    fn a_receiver_is_left_alone_as_long_as_it_asks() {
        let asked = Duration::from_secs(90);
        assert_eq!(Backoff::default().after_failure(asked), asked);
    }
}
