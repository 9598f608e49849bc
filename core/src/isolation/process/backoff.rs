//! When a process that ended is started again.

use std::time::Duration;

use crate::config;

/// A process that lived for less ended soon.
const SOON: Duration = Duration::from_mins(1);
/// The longest wait of one that has not failed.
const LONGEST: Duration = Duration::from_mins(1);

/// How often in a row it ended soon.
#[derive(Debug)]
pub(super) struct Backoff {
    delay: Duration,
    restarts: u32,
    retry: Duration,
    in_a_row: u32,
}

/// What comes after an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Next {
    /// How long to wait.
    pub(super) wait: Duration,
    /// Where it has failed: how often in a row it ended soon.
    pub(super) failed: Option<u32>,
}

impl Backoff {
    pub(super) fn new(settings: &config::Process) -> Self {
        Self {
            delay: settings.restart_delay.get(),
            restarts: settings.restarts,
            retry: settings.retry.get(),
            in_a_row: 0,
        }
    }

    /// What comes after the end of a process that lived so long.
    pub(super) fn after(&mut self, lived: Duration) -> Next {
        if lived >= SOON {
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        if self.in_a_row > self.restarts {
            return Next {
                wait: self.retry,
                failed: Some(self.in_a_row),
            };
        }
        let doubled = self
            .delay
            .saturating_mul(2_u32.saturating_pow(self.in_a_row - 1));
        Next {
            wait: doubled.min(LONGEST.max(self.delay)),
            failed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Duration as Span;

    fn backoff(restarts: u32) -> Backoff {
        Backoff::new(&config::Process {
            restart_delay: Span::from_secs(10),
            restarts,
            retry: Span::from_secs(300),
            ..config::Process::default()
        })
    }

    #[test]
    fn waits_double_up_to_a_minute_and_then_it_has_failed() {
        let mut backoff = backoff(5);
        let soon = Duration::from_secs(1);
        let waits: Vec<u64> = (0..5).map(|_| backoff.after(soon).wait.as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 60, 60]);
        for times in [6, 7] {
            let next = backoff.after(soon);
            assert_eq!((next.wait.as_secs(), next.failed), (300, Some(times)));
        }
    }

    #[test]
    fn one_that_lived_for_long_begins_anew() {
        let mut backoff = backoff(1);
        assert_eq!(backoff.after(Duration::ZERO).failed, None);
        assert_eq!(backoff.after(Duration::ZERO).failed, Some(2));
        let next = backoff.after(SOON);
        assert_eq!((next.wait.as_secs(), next.failed), (10, None));
    }

    #[test]
    fn none_is_started_again_where_none_may_be() {
        assert_eq!(backoff(0).after(SOON).failed, Some(1));
        let mut patient = backoff(u32::MAX);
        for _ in 0..100 {
            assert!(patient.after(Duration::ZERO).wait <= LONGEST);
        }
    }
}
