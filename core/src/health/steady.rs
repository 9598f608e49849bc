//! Keeps a status from flapping.

use super::Status;

/// A status that changes only after so many results in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steady {
    current: Option<Status>,
    /// Results in a row on one side of the current status, and the mildest change they ask for.
    streak: Option<Streak>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Streak {
    worse: bool,
    length: u32,
    nearest: Status,
}

impl Steady {
    /// A status that nothing is known of yet; the first result decides.
    pub const fn new() -> Self {
        Self {
            current: None,
            streak: None,
        }
    }

    /// The status.
    pub fn current(&self) -> Option<Status> {
        self.current
    }

    /// Takes a result in; answers whether the status changed.
    ///
    /// It gets worse after `fall` results in a row that are worse than it, and better after `rise`
    /// that are better. Where these differ among themselves it goes no further than the nearest of
    /// them. A check that cannot find out makes nothing better: what was known to be wrong stays so.
    pub fn take(&mut self, result: Status, rise: u32, fall: u32) -> bool {
        let Some(current) = self.current else {
            self.current = Some(result);
            return true;
        };
        if result == current {
            self.streak = None;
            return false;
        }
        if result == Status::Unknown && current > Status::Unknown {
            return false;
        }
        let worse = result > current;
        let streak = match self.streak {
            Some(streak) if streak.worse == worse => Streak {
                length: streak.length.saturating_add(1),
                nearest: if worse {
                    streak.nearest.min(result)
                } else {
                    streak.nearest.max(result)
                },
                worse,
            },
            _ => Streak {
                worse,
                length: 1,
                nearest: result,
            },
        };
        if streak.length < if worse { fall } else { rise } {
            self.streak = Some(streak);
            return false;
        }
        self.current = Some(streak.nearest);
        self.streak = None;
        true
    }
}

impl Default for Steady {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Status::*, *};

    fn after(results: &[Status], rise: u32, fall: u32) -> Option<Status> {
        let mut steady = Steady::new();
        for result in results {
            steady.take(*result, rise, fall);
        }
        steady.current()
    }

    #[test]
    fn the_first_result_decides() {
        assert_eq!(after(&[], 2, 2), None);
        assert_eq!(after(&[Unhealthy], 3, 3), Some(Unhealthy));
    }

    #[test]
    fn a_change_needs_results_in_a_row_both_ways() {
        assert_eq!(after(&[Healthy, Unhealthy], 2, 2), Some(Healthy));
        assert_eq!(
            after(&[Healthy, Unhealthy, Healthy, Unhealthy], 2, 2),
            Some(Healthy)
        );
        assert_eq!(
            after(&[Healthy, Unhealthy, Unhealthy], 2, 2),
            Some(Unhealthy)
        );
        assert_eq!(after(&[Unhealthy, Healthy, Healthy], 3, 2), Some(Unhealthy));
        assert_eq!(
            after(&[Unhealthy, Healthy, Healthy, Healthy], 3, 2),
            Some(Healthy)
        );
    }

    #[test]
    fn it_goes_no_further_than_the_nearest_of_the_results() {
        assert_eq!(after(&[Healthy, Unhealthy, Degraded], 2, 2), Some(Degraded));
        assert_eq!(after(&[Unhealthy, Healthy, Degraded], 2, 2), Some(Degraded));
    }

    #[test]
    fn what_cannot_be_found_out_makes_nothing_better() {
        assert_eq!(
            after(&[Unhealthy, Unknown, Unknown, Unknown], 1, 1),
            Some(Unhealthy)
        );
        assert_eq!(after(&[Degraded, Unknown, Healthy], 1, 1), Some(Healthy));
        assert_eq!(after(&[Healthy, Unknown], 1, 1), Some(Unknown));
    }

    fn any_status() -> impl Strategy<Value = Status> {
        prop::sample::select(Status::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn enough_equal_results_always_win(
            before in prop::collection::vec(any_status(), 0..20),
            last in any_status(), rise in 1u32..5, fall in 1u32..5,
        ) {
            let mut results = before;
            // Four more, because a streak may first end half way.
            results.extend(vec![last; (rise.max(fall) * 4) as usize]);
            let settled = after(&results, rise, fall);
            let unknown_stays_out = last == Unknown && settled > Some(Unknown);
            prop_assert!(settled == Some(last) || unknown_stays_out, "{settled:?}");
        }
    }
}
