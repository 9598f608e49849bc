//! All that was allocated since the start, freed or not, by stack.
//!
//! jemalloc can count this too (`prof_accum`), but it counts by thread and keeps that for threads
//! that have ended, without a bound. Here the number of stacks has one.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::BuildHasherDefault,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use super::scale::{self, Estimate};
use crate::process::heap;

/// So many stacks are told apart: about a megabyte.
const MOST: usize = 4096;

/// A table whose hasher needs nothing that a thread may not have any more when it ends.
type Stacks = HashMap<Box<[usize]>, Estimate, BuildHasherDefault<DefaultHasher>>;

// It is locked inside the allocator: who holds it may not allocate what could be sampled. This
// mutex itself allocates nothing.
static TOTAL: Mutex<Total> = Mutex::new(Total::new());

/// All that was allocated since the start.
#[derive(Debug, Clone)]
pub(super) struct Total {
    /// Bytes between samples, on average; 0 where nothing is counted.
    interval: u64,
    stacks: Stacks,
    /// Of stacks that are not told apart any more.
    others: Estimate,
}

/// Begins to count. What was allocated before is not counted.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Where profiling is off there is nothing to count.
        if let Some(interval) = heap::sample_interval() {
            lock().interval = interval;
            if heap::observe(|stack, bytes| lock().add(stack, bytes as u64)).is_err() {
                lock().interval = 0;
            }
        }
    });
}

/// What it is now, if it is counted; to be called by a thread that is not sampled.
pub(super) fn now() -> Option<Total> {
    let total = lock();
    (total.interval > 0).then(|| total.clone())
}

fn lock() -> MutexGuard<'static, Total> {
    TOTAL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Total {
    const fn new() -> Self {
        Self {
            interval: 0,
            stacks: Stacks::with_hasher(BuildHasherDefault::new()),
            others: Estimate::NONE,
        }
    }

    /// Counts a sample.
    fn add(&mut self, stack: &[usize], bytes: u64) {
        let estimate = scale::of_one(bytes, self.interval);
        if let Some(sum) = self.stacks.get_mut(stack) {
            *sum += estimate;
            return;
        }
        if self.stacks.len() >= MOST {
            self.give_up_smaller();
        }
        self.stacks.insert(stack.into(), estimate);
    }

    /// Tells apart no longer those that have allocated least, which are half of them: the stacks
    /// that matter stay, and a new one always has a place.
    fn give_up_smaller(&mut self) {
        let mut sizes: Vec<_> = self.stacks.values().map(|sum| sum.bytes).collect();
        let middle = sizes.len() / 2;
        if middle == 0 {
            return;
        }
        let (_, &mut median, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
        let others = &mut self.others;
        self.stacks.retain(|_, sum| {
            let stays = sum.bytes > median;
            if !stays {
                *others += *sum;
            }
            stays
        });
    }

    /// What a stack has allocated, by its return addresses; no longer part of the total.
    pub(super) fn take(&mut self, calls: &[u64]) -> Estimate {
        let calls: Option<Vec<usize>> = calls.iter().map(|&call| call.try_into().ok()).collect();
        let found = calls.and_then(|calls| self.stacks.remove(calls.as_slice()));
        found.unwrap_or(Estimate::NONE)
    }

    /// The rest of the total, by return addresses: those that are not told apart have none.
    pub(super) fn rest(self) -> impl Iterator<Item = (Vec<u64>, Estimate)> {
        let stacks = self.stacks.into_iter();
        let stacks =
            stacks.map(|(stack, sum)| (stack.iter().map(|&call| call as u64).collect(), sum));
        stacks.chain((self.others != Estimate::NONE).then_some((Vec::new(), self.others)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn total() -> Total {
        Total {
            interval: 1,
            ..Total::new()
        }
    }

    #[test]
    fn stacks_add_up_and_are_taken_once() {
        let mut total = total();
        total.add(&[1, 2], 100);
        total.add(&[1, 2], 50);
        total.add(&[1], 7);
        assert_eq!(total.take(&[1, 2]).rounded(), [2, 150]);
        assert_eq!(total.take(&[1, 2]), Estimate::NONE);
        let rest: Vec<_> = total
            .rest()
            .map(|(calls, sum)| (calls, sum.rounded()))
            .collect();
        assert_eq!(rest, [(vec![1], [1, 7])]);
    }

    #[test]
    fn of_too_many_the_smaller_half_is_not_told_apart() {
        let mut total = total();
        let sizes = (0..2 * MOST).map(|number| (number, 100 + number as u64));
        let sum: u64 = sizes.clone().map(|(_, bytes)| bytes).sum();
        for (stack, bytes) in sizes {
            total.add(&[stack], bytes);
            assert!(total.stacks.len() <= MOST);
        }
        assert!(total.stacks.len() >= MOST / 2);
        let largest = [2 * MOST as u64 - 1];
        assert_eq!(
            total.clone().take(&largest).rounded(),
            [1, 99 + 2 * i64::try_from(MOST).unwrap()]
        );
        let all: Vec<_> = total.rest().collect();
        let bytes: f64 = all.iter().map(|(_, sum)| sum.bytes).sum();
        assert!((bytes - sum as f64).abs() < 0.5, "{bytes} of {sum}");
        assert_eq!(all.iter().filter(|(calls, _)| calls.is_empty()).count(), 1);
    }

    #[test]
    fn stacks_of_one_size_are_bounded_too() {
        let mut total = total();
        for stack in 0..3 * MOST {
            total.add(&[stack], 100);
            assert!(total.stacks.len() <= MOST);
        }
    }
}
