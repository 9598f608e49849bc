//! How a check stands, by what it said.

use std::time::{Duration, Instant};

use super::{Status, Steady};
use crate::config::CheckPlan;

/// How results become a status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// How many results in a row it takes to get better.
    pub rise: u32,
    /// How many results in a row it takes to get worse.
    pub fall: u32,
    /// For how long from its start on a check that was never healthy is not taken for ill.
    pub grace: Duration,
}

impl Rules {
    /// Those of the configuration.
    pub fn of(plan: &CheckPlan) -> Self {
        let CheckPlan {
            rise, fall, grace, ..
        } = *plan;
        Self { rise, fall, grace }
    }
}

/// How a check stands.
#[derive(Debug, Clone, Copy)]
pub struct Condition {
    began: Instant,
    steady: Steady,
}

/// A change of status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What it was; nothing where nothing was known.
    pub from: Option<Status>,
    /// What it is.
    pub to: Status,
}

impl Condition {
    /// That of a check that begins now.
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            steady: Steady::new(),
        }
    }

    /// The status, once it is known.
    pub fn current(&self) -> Option<Status> {
        self.steady.current()
    }

    /// Takes a result in; answers what has changed.
    pub fn take(&mut self, result: Status, rules: Rules, now: Instant) -> Option<Change> {
        let from = self.current();
        let is_early = now.saturating_duration_since(self.began) < rules.grace;
        if from.is_none() && is_early && result != Status::Healthy {
            return None;
        }
        if !self.steady.take(result, rules.rise, rules.fall) {
            return None;
        }
        let to = self.current()?;
        (from != Some(to)).then_some(Change { from, to })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Status::*, *};

    /// The same, told in another way: the whole story of a check is looked at anew each time.
    ///
    /// The status is that of the last change, and a change is the end of the shortest run of results
    /// that are all better, or all worse, than the status before.
    fn model(story: &[(u64, Status)], rules: Rules) -> Option<Status> {
        let grace = rules.grace.as_secs();
        let counts = |(at, result): &&(u64, Status)| *at >= grace || *result == Healthy;
        let first = story.iter().position(|one| counts(&one))?;
        let mut status = story[first].1;
        let mut run: Vec<Status> = Vec::new();
        for (_, result) in &story[first + 1..] {
            // A check that cannot find out says nothing of one that is known to be ill.
            if *result == Unknown && status > Unknown {
                continue;
            }
            if *result == status {
                run.clear();
                continue;
            }
            if run
                .last()
                .is_some_and(|last| (*last > status) != (*result > status))
            {
                run.clear();
            }
            run.push(*result);
            let worse = *result > status;
            let needed = if worse { rules.fall } else { rules.rise };
            if run.len() >= needed as usize {
                let nearest = if worse {
                    run.iter().min()
                } else {
                    run.iter().max()
                };
                status = *nearest.unwrap_or(result);
                run.clear();
            }
        }
        Some(status)
    }

    proptest! {
        #[test]
        fn it_is_as_the_model_says(
            results in prop::collection::vec((0u64..4, prop::sample::select(Status::ALL.to_vec())), 0..60),
            rise in 1u32..5, fall in 1u32..5, grace in 0u64..20,
        ) {
            let rules = Rules { rise, fall, grace: Duration::from_secs(grace) };
            let start = Instant::now();
            let mut condition = Condition::new(start);
            let mut story = Vec::new();
            let mut at = 0;
            for (later, result) in results {
                at += later;
                story.push((at, result));
                let before = condition.current();
                let change = condition.take(result, rules, start + Duration::from_secs(at));
                prop_assert_eq!(condition.current(), model(&story, rules), "{:?}", story);
                let expected = (before != condition.current())
                    .then(|| condition.current().map(|to| Change { from: before, to }))
                    .flatten();
                prop_assert_eq!(change, expected);
            }
        }
    }

    #[test]
    fn in_its_grace_a_check_is_not_ill() {
        let rules = Rules {
            rise: 1,
            fall: 1,
            grace: Duration::from_secs(10),
        };
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut condition = Condition::new(start);
        assert_eq!(condition.take(Unhealthy, rules, at(1)), None);
        assert_eq!(condition.current(), None);
        assert!(condition.take(Unhealthy, rules, at(10)).is_some());
        let mut condition = Condition::new(start);
        assert!(condition.take(Healthy, rules, at(1)).is_some());
        // Once it was well it can get ill.
        assert!(condition.take(Unhealthy, rules, at(2)).is_some());
    }
}
