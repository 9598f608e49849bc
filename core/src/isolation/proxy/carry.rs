//! Counters over the end of a process.
//!
//! A plugin that counts by itself begins at zero in a new process. What was given out before is
//! then the base of what comes. A counter whose first value is not lower counts something outside,
//! as the kernel's do, or was counted up already: it is left as it is. The counts and the sum of a
//! histogram have one fate, which the count of all decides.

use std::collections::{BTreeMap, HashMap};

use gaxx_abi::{Point, metric::kind};

/// The series of a component, and what was given out of those that only grow.
#[derive(Debug, Default)]
pub(in crate::isolation) struct Carry {
    /// Kind, and number of slots of a series.
    families: HashMap<u32, (u32, u32)>,
    /// By the first slot.
    series: BTreeMap<u32, Series>,
    counts: HashMap<u32, Count>,
    /// The process whose values came last, and how many series it has not decided for yet.
    process: u64,
    undecided: usize,
}

#[derive(Debug)]
struct Series {
    slots: u32,
    /// The process that registered it last.
    process: u64,
    /// The slot that decides for all of them; nothing for a gauge.
    decider: Option<u32>,
}

/// A slot that only grows.
#[derive(Debug)]
struct Count {
    /// The first slot of its series, and the one that decides.
    first: u32,
    decider: u32,
    /// What was given out.
    last: f64,
    /// What is added to values of the process below.
    base: f64,
    process: u64,
}

impl Carry {
    /// Notes a family; `bounds` is how many a histogram has.
    pub(in crate::isolation) fn family(&mut self, family: u32, kind: u32, bounds: usize) {
        let slots = match kind {
            // The registry took it, so there are not many.
            kind::HISTOGRAM => u32::try_from(bounds).unwrap_or_default() + 2,
            _ => 1,
        };
        self.families.insert(family, (kind, slots));
    }

    /// Notes a series that a process registered.
    pub(in crate::isolation) fn series(&mut self, process: u64, family: u32, slot: u32) {
        if let Some(series) = self.series.get_mut(&slot) {
            series.process = process;
            return;
        }
        let Some(&(kind, slots)) = self.families.get(&family) else {
            return;
        };
        let decider = match kind {
            kind::COUNTER => Some(slot),
            // Behind the buckets; the sum follows.
            kind::HISTOGRAM => Some(slot + slots - 2),
            _ => None,
        };
        if let Some(decider) = decider {
            let count = |one| {
                let count = Count {
                    first: slot,
                    decider,
                    last: 0.0,
                    base: 0.0,
                    process: self.process,
                };
                (one, count)
            };
            self.counts.extend((slot..slot + slots).map(count));
        }
        self.series.insert(
            slot,
            Series {
                slots,
                process,
                decider,
            },
        );
    }

    /// Forgets the series that begins at this slot.
    pub(in crate::isolation) fn retire(&mut self, slot: u32) {
        let Some(series) = self.series.remove(&slot) else {
            return;
        };
        let Some(decider) = series.decider else {
            return;
        };
        let is_open = |count: &Count| count.process != self.process;
        if self.counts.get(&decider).is_some_and(is_open) {
            self.undecided -= 1;
        }
        for slot in slot..slot + series.slots {
            self.counts.remove(&slot);
        }
    }

    /// Forgets the series that this process has not registered; answers where they begin.
    pub(in crate::isolation) fn take_left(&mut self, process: u64) -> Vec<u32> {
        let left: Vec<u32> = self
            .series
            .iter()
            .filter(|(_, series)| series.process != process)
            .map(|(&slot, _)| slot)
            .collect();
        for &slot in &left {
            self.retire(slot);
        }
        left
    }

    /// What is given out where a process told this.
    pub(in crate::isolation) fn given<'a>(
        &'a mut self,
        process: u64,
        told: &'a [Point],
    ) -> impl Iterator<Item = Point> + 'a {
        if process != self.process {
            self.process = process;
            self.undecided = self
                .series
                .values()
                .filter(|one| one.decider.is_some())
                .count();
        }
        if self.undecided > 0 {
            for point in told {
                self.decide(point);
            }
        }
        told.iter()
            .map(|point| Point::new(point.slot, self.value(point)))
    }

    /// Decides about a series by its first value in this process.
    fn decide(&mut self, point: &Point) {
        let Some(count) = self.counts.get(&point.slot) else {
            return;
        };
        let is_first = count.decider == point.slot && count.process != self.process;
        let Some(series) = self.series.get(&count.first).filter(|_| is_first) else {
            return;
        };
        if !is_count(point.value) {
            return;
        }
        let fell = point.value < count.last;
        for slot in count.first..count.first + series.slots {
            if let Some(count) = self.counts.get_mut(&slot) {
                count.process = self.process;
                count.base = if fell { count.last } else { 0.0 };
            }
        }
        self.undecided -= 1;
    }

    fn value(&mut self, point: &Point) -> f64 {
        let Some(count) = self.counts.get_mut(&point.slot) else {
            return point.value;
        };
        // What no counter can be is left to the registry, which refuses it, as it does a histogram
        // that is not whole. Only the sum of a histogram, behind the decider, may be negative.
        let is_sum = point.slot > count.decider;
        let is_good = is_count(point.value) || is_sum && point.value.is_finite();
        if count.process != self.process || !is_good {
            return point.value;
        }
        count.last = point.value + count.base;
        count.last
    }
}

fn is_count(value: f64) -> bool {
    (0.0..f64::INFINITY).contains(&value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]

    use proptest::prelude::*;

    use super::*;

    /// A counter in slot 0, a gauge in 1, a histogram with two bounds from 2 on, in every process.
    fn carry() -> Carry {
        let mut carry = Carry::default();
        for (family, (kind, bounds, slot)) in [
            (kind::COUNTER, 0, 0),
            (kind::GAUGE, 0, 1),
            (kind::HISTOGRAM, 2, 2),
        ]
        .into_iter()
        .enumerate()
        {
            let family = u32::try_from(family).unwrap();
            carry.family(family, kind, bounds);
            carry.series(1, family, slot);
        }
        carry
    }

    fn given(carry: &mut Carry, process: u64, told: &[(u32, f64)]) -> Vec<(u32, f64)> {
        let told: Vec<Point> = told
            .iter()
            .map(|&(slot, value)| Point::new(slot, value))
            .collect();
        carry
            .given(process, &told)
            .map(|point| (point.slot, point.value))
            .collect()
    }

    fn one(carry: &mut Carry, process: u64, slot: u32, value: f64) -> f64 {
        given(carry, process, &[(slot, value)])[0].1
    }

    #[test]
    fn a_counter_goes_on_and_one_that_is_not_lower_stays() {
        let mut carry = carry();
        let told = [
            (1, 10.0),
            (1, 12.0),
            (2, 3.0),
            (2, 4.0),
            (3, 16.0),
            (3, 17.0),
            (4, 1.0),
        ];
        let expected = [10.0, 12.0, 15.0, 16.0, 16.0, 17.0, 18.0];
        for ((process, value), expected) in told.into_iter().zip(expected) {
            assert_eq!(one(&mut carry, process, 0, value), expected);
        }
    }

    #[test]
    fn a_reset_within_a_process_is_the_plugins_own() {
        let mut carry = carry();
        assert_eq!(one(&mut carry, 1, 0, 10.0), 10.0);
        assert_eq!(one(&mut carry, 1, 0, 2.0), 2.0);
        assert_eq!(one(&mut carry, 2, 0, 1.0), 3.0);
    }

    #[test]
    fn a_histogram_has_one_fate() {
        let mut carry = carry();
        let first = [(2, 1.0), (3, 5.0), (4, 6.0), (5, -2.5)];
        assert_eq!(given(&mut carry, 1, &first), first);
        // Some parts are higher than before; the count of all is lower.
        let second = [(2, 3.0), (3, 3.0), (4, 3.0), (5, 40.0)];
        let whole = [(2, 4.0), (3, 8.0), (4, 9.0), (5, 37.5)];
        assert_eq!(given(&mut carry, 2, &second), whole);
        // Some parts are lower; the count of all is not.
        let third = [(2, 0.0), (3, 0.0), (4, 9.0), (5, 1.0)];
        assert_eq!(given(&mut carry, 3, &third), third);
    }

    #[test]
    fn gauges_and_what_is_no_number_are_left_alone() {
        let mut carry = carry();
        for (process, slot, value) in [(1, 1, 10.0), (2, 1, 3.0), (2, 99, 1.0), (2, 0, -1.0)] {
            assert_eq!(one(&mut carry, process, slot, value), value);
        }
        assert!(one(&mut carry, 2, 0, f64::NAN).is_nan());
        assert_eq!(one(&mut carry, 2, 0, 7.0), 7.0);
        assert!(one(&mut carry, 3, 0, f64::NAN).is_nan());
        assert_eq!(
            one(&mut carry, 3, 0, 1.0),
            8.0,
            "the first that is one decides"
        );
    }

    #[test]
    fn what_was_retired_or_left_is_forgotten() {
        let mut carry = carry();
        given(&mut carry, 1, &[(0, 5.0), (4, 5.0)]);
        carry.retire(0);
        carry.retire(77);
        assert_eq!(one(&mut carry, 2, 0, 1.0), 1.0);
        carry.series(2, 1, 1);
        assert_eq!(carry.take_left(2), [2]);
        assert!(carry.counts.is_empty() && carry.series.len() == 1);
        assert_eq!(one(&mut carry, 3, 4, 1.0), 1.0);
        assert_eq!(carry.undecided, 0);
    }

    proptest! {
        /// Each process counts from zero, and may end at any time.
        #[test]
        fn a_counter_never_goes_backwards(
            lives in proptest::collection::vec(
                proptest::collection::vec(0_u32..50, 0..8),
                1..8,
            ),
        ) {
            let (mut carry, mut last) = (carry(), 0.0);
            for (process, life) in lives.into_iter().enumerate() {
                let mut count = 0.0;
                for step in life {
                    count += f64::from(step);
                    let shown = one(&mut carry, process as u64 + 1, 0, count);
                    prop_assert!(shown >= last && shown >= count);
                    last = shown;
                }
            }
        }

        /// What counts outside of the process is shown as it is.
        #[test]
        fn an_absolute_counter_is_left_alone(
            steps in proptest::collection::vec((0_u32..50, any::<bool>()), 1..50),
        ) {
            let (mut carry, mut process, mut count) = (carry(), 1, 0.0);
            for (step, ends) in steps {
                count += f64::from(step);
                prop_assert_eq!(one(&mut carry, process, 0, count), count);
                process += u64::from(ends);
            }
        }

        #[test]
        fn anything_may_come(
            told in proptest::collection::vec(
                (0_u64..4, 0_u32..8, prop_oneof![any::<f64>(), 0.0..10.0]),
                0..100,
            ),
        ) {
            let mut carry = carry();
            for (process, slot, value) in told {
                one(&mut carry, process, slot, value);
                prop_assert!(carry.undecided <= 2);
            }
        }
    }
}
