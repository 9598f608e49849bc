//! Observations counted by size.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use gaxx_abi::{Point, abi_std::RVec};

use super::{Cell, Store};

/// Counts observations by size.
#[derive(Debug, Clone)]
pub struct Histogram(pub(crate) Arc<Buckets>);

/// The counts of one histogram.
#[derive(Debug)]
pub(crate) struct Buckets {
    bounds: Vec<f64>,
    /// Observations between the bound before and this one; the last is for those over all bounds.
    counts: Vec<AtomicU64>,
    sum: Cell,
}

impl Histogram {
    /// Counts an observation. What is not a number is passed over.
    pub fn observe(&self, value: f64) {
        if !value.is_nan() {
            let bucket = self.0.bounds.partition_point(|bound| *bound < value);
            self.0.counts[bucket].fetch_add(1, Ordering::Relaxed);
            self.0.sum.add(value);
        }
    }

    /// How many observations there were.
    pub fn count(&self) -> u64 {
        self.0
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }

    /// The sum of all observations.
    pub fn sum(&self) -> f64 {
        self.0.sum.get().unwrap_or(0.0)
    }
}

impl Buckets {
    pub(crate) fn new(bounds: &[f64]) -> Self {
        Self {
            bounds: bounds.to_vec(),
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: Store::detached(),
        }
    }

    /// How many observations lie between each bound and the next, and the bits of the sum.
    pub(crate) fn counted(&self) -> Vec<u64> {
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let sum = self.sum.get().unwrap_or(0.0).to_bits();
        counts.chain([sum]).collect()
    }

    /// Adds what was counted before, with the same bounds.
    pub(crate) fn go_on_from(&self, counted: &[u64]) {
        let Some((sum, counts)) = counted.split_last() else {
            return;
        };
        if counts.len() == self.counts.len() {
            for (count, before) in self.counts.iter().zip(counts) {
                count.fetch_add(*before, Ordering::Relaxed);
            }
            self.sum.add(f64::from_bits(*sum));
        }
    }

    /// Cumulative counts, the count of all, the sum: as the ABI has them.
    pub(crate) fn points(&self, first: u32, points: &mut RVec<Point>) {
        let mut total = 0;
        let mut slot = first;
        for count in &self.counts {
            total += count.load(Ordering::Relaxed);
            points.push(Point::new(slot, total as f64));
            slot += 1;
        }
        points.push(Point::new(slot, self.sum.get().unwrap_or(0.0)));
    }
}

/// `count` bounds, each `factor` times the one before.
///
/// # Panics
///
/// If `start` or `factor` could not yield ascending bounds.
pub fn exponential_bounds(start: f64, factor: f64, count: usize) -> Vec<f64> {
    assert!(
        start > 0.0 && factor > 1.0,
        "bounds must grow: start > 0 and factor > 1"
    );
    std::iter::successors(Some(start), |bound| Some(bound * factor))
        .take(count)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_counts_what_is_at_or_below_it() {
        let histogram = Histogram(Arc::new(Buckets::new(&[1.0, 2.0])));
        for value in [0.5, 1.0, 1.5, 2.0, 7.0, f64::INFINITY, f64::NAN] {
            histogram.observe(value);
        }
        assert_eq!((histogram.count(), histogram.sum()), (6, f64::INFINITY));
        let mut points = RVec::new();
        histogram.0.points(10, &mut points);
        let points: Vec<(u32, f64)> = points
            .iter()
            .map(|point| (point.slot, point.value))
            .collect();
        assert_eq!(
            points,
            [(10, 2.0), (11, 4.0), (12, 6.0), (13, f64::INFINITY)]
        );
    }

    #[test]
    fn one_that_saw_nothing_is_zero() {
        let mut points = RVec::new();
        Buckets::new(&[]).points(0, &mut points);
        assert_eq!(points.as_slice(), [Point::new(0, 0.0), Point::new(1, 0.0)]);
    }

    #[test]
    fn bounds_grow_by_a_factor() {
        assert_eq!(exponential_bounds(0.5, 2.0, 4), [0.5, 1.0, 2.0, 4.0]);
        assert_eq!(exponential_bounds(1.0, 10.0, 0), Vec::<f64>::new());
    }

    #[test]
    #[should_panic(expected = "bounds must grow")]
    fn bounds_that_would_not_grow_are_refused() {
        exponential_bounds(1.0, 1.0, 3);
    }
}
