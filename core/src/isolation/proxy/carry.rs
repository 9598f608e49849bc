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
        left.iter().for_each(|&slot| self.retire(slot));
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
            self.undecided = self.series.values().filter(|one| one.decider.is_some()).count();
        }
        if self.undecided > 0 {
            told.iter().for_each(|point| self.decide(point));
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
