//! Estimates from samples.
//!
//! With `interval` bytes from one sample to the next on average, an allocation of `size` bytes is
//! sampled with probability `1 - exp(-size / interval)`: small ones seldom, large ones nearly
//! always. So each sample stands for `1 / (1 - exp(-size / interval))` allocations.
//!
//! Source: `scaleHeapSample` in `profile/legacy_profile.go` of github.com/google/pprof, and
//! `AdjustSamples` in `bin/jeprof.in` of jemalloc, which take the mean size of a stack's samples
//! for `size`. That is off where sizes differ much; jemalloc writes counts that come out right by
//! it (`prof_do_unbias` in `src/prof_data.c`).

/// Objects and bytes that one sample of so many bytes stands for.
pub(super) fn of_one(bytes: u64, interval: u64) -> Estimate {
    of_many(1, bytes, interval)
}

/// Objects and bytes that samples of so many bytes together stand for.
pub(super) fn of_many(objects: u64, bytes: u64, interval: u64) -> Estimate {
    if objects == 0 || bytes == 0 {
        return Estimate::NONE;
    }
    let (objects, bytes) = (objects as f64, bytes as f64);
    let sampled = -(-bytes / objects / interval as f64).exp_m1();
    Estimate {
        objects: objects / sampled,
        bytes: bytes / sampled,
    }
}

/// How much there is, as far as samples tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) objects: f64,
    pub(super) bytes: f64,
}

impl Estimate {
    /// Nothing.
    pub(super) const NONE: Self = Self {
        objects: 0.0,
        bytes: 0.0,
    };

    /// As whole numbers, objects first.
    pub(super) fn rounded(self) -> [i64; 2] {
        // Such a conversion stays within the bounds of the type.
        #[expect(clippy::cast_possible_truncation)]
        [self.objects.round() as i64, self.bytes.round() as i64]
    }
}

impl std::ops::AddAssign for Estimate {
    fn add_assign(&mut self, more: Self) {
        self.objects += more.objects;
        self.bytes += more.bytes;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_objects_stand_for_many_and_large_for_themselves() {
        // A tiny part of the interval: one in interval / size is sampled.
        assert_eq!(of_one(512, 1 << 19).rounded(), [1025, 524_544]);
        // 1 / (1 - 1/e)
        assert_eq!(of_one(1 << 19, 1 << 19).rounded(), [2, 829_411]);
        assert_eq!(of_one(64 << 20, 1 << 19).rounded(), [1, 64 << 20]);
        assert_eq!(of_many(0, 5, 1), Estimate::NONE);
        assert_eq!(of_many(5, 0, 1), Estimate::NONE);
    }

    proptest! {
        #[test]
        fn estimates_are_numbers_and_not_less_than_the_samples(
            objects: u64, bytes: u64, interval in 1..u64::MAX,
        ) {
            let estimate = of_many(objects, bytes, interval);
            prop_assert!(estimate.objects.is_finite() && estimate.bytes.is_finite());
            if objects > 0 && bytes > 0 {
                prop_assert!(estimate.objects >= objects as f64 && estimate.bytes >= bytes as f64);
            }
            prop_assert!(estimate.rounded().iter().all(|&value| value >= 0));
        }
    }
}
