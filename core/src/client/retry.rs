//! How long to wait before the next try.

use std::time::Duration;

/// Waits that double, up to a longest one.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
    left: u32,
}

impl Backoff {
    /// At most `tries` waits: `first`, twice as long, and so on, none longer than `longest`.
    pub fn new(first: Duration, longest: Duration, tries: u32) -> Self {
        Self {
            next: first,
            longest,
            left: tries,
        }
    }

    /// The next wait, at least `asked`; none once there were enough, or where `asked` is more than
    /// anybody waits: an hour.
    pub fn next(&mut self, asked: Duration) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let wait = self.next.max(asked);
        self.next = (self.next * 2).min(self.longest);
        (asked <= Duration::from_hours(1)).then_some(wait)
    }
}

impl Default for Backoff {
    /// Ten waits from a fifth of a second to ten seconds: three quarters of a minute together.
    fn default() -> Self {
        Self::new(Duration::from_millis(200), Duration::from_secs(10), 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second, 3 * second, 4);
        assert_eq!(backoff.next(Duration::ZERO), Some(second));
        assert_eq!(backoff.next(5 * second), Some(5 * second));
        assert_eq!(backoff.next(Duration::ZERO), Some(3 * second));
        assert_eq!(backoff.next(Duration::from_secs(4000)), None);
        assert_eq!(backoff.next(Duration::ZERO), None);
    }
}
