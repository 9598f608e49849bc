//! How much somebody may have of something.

use std::time::Instant;

/// A token bucket: so many at once, and so many a second from then on.
#[derive(Debug)]
pub(in crate::isolation) struct Allowance {
    rate: f64,
    burst: f64,
    left: f64,
    at: Instant,
}

impl Allowance {
    /// A full one. `rate` is a second's.
    pub(in crate::isolation) fn new(rate: u32, burst: u32, now: Instant) -> Self {
        Self {
            rate: f64::from(rate),
            burst: f64::from(burst),
            left: f64::from(burst),
            at: now,
        }
    }

    /// Takes so many where they are there; answers whether they are.
    pub(in crate::isolation) fn take(&mut self, count: usize, now: Instant) -> bool {
        self.refill(now);
        let enough = self.left >= count as f64;
        if enough {
            self.left -= count as f64;
        }
        enough
    }

    /// Takes so many, and may owe some for a while.
    pub(super) fn spend(&mut self, count: usize, now: Instant) {
        self.refill(now);
        self.left -= count as f64;
    }

    /// Whether there is any left.
    pub(super) fn has_some(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.left > 0.0
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.rate).min(self.burst);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_only_the_rate() {
        let start = Instant::now();
        let mut allowance = Allowance::new(10, 50, start);
        let taken =
            |allowance: &mut Allowance, now| (0..100).filter(|_| allowance.take(1, now)).count();
        assert_eq!(taken(&mut allowance, start), 50);
        assert_eq!(taken(&mut allowance, start + Duration::from_secs(1)), 10);
        assert_eq!(taken(&mut allowance, start + Duration::from_hours(1)), 50);
    }

    #[test]
    fn what_was_spent_too_much_is_owed() {
        let start = Instant::now();
        let mut allowance = Allowance::new(10, 50, start);
        allowance.spend(70, start);
        assert!(!allowance.has_some(start + Duration::from_secs(2)));
        assert!(allowance.has_some(start + Duration::from_millis(2100)));
    }
}
