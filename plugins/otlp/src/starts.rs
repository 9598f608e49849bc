//! When cumulative series began to count.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use gaxx_sdk::{BatchFamily, BatchSeries};

/// When cumulative series began to count.
///
/// A value that fell was counted anew: it began after the batch before, so that one's time is its
/// start. <https://opentelemetry.io/docs/specs/otel/metrics/data-model/#resets-and-gaps>
#[derive(Default)]
pub(crate) struct Starts {
    /// By a hash of name and labels: numbers of series change between generations.
    series: HashMap<u64, Begun>,
    /// The times of the last batch and of the one before it.
    time: u64,
    before: u64,
}

struct Begun {
    start: u64,
    /// What it counted last.
    last: f64,
    /// The time of the batch that had it last.
    seen: u64,
}

impl Starts {
    /// The batch of this time is next, or the same again.
    pub(crate) fn begin(&mut self, time: u64) {
        if time == self.time {
            return;
        }
        let last = self.time;
        self.series.retain(|_, begun| begun.seen == last);
        (self.before, self.time) = (last, time);
    }

    /// When a series began whose count is this now.
    pub(crate) fn start(
        &mut self,
        family: &BatchFamily<'_>,
        series: &BatchSeries<'_>,
        count: f64,
    ) -> u64 {
        let mut identity = DefaultHasher::new();
        family.name().hash(&mut identity);
        for label in series.labels() {
            label.hash(&mut identity);
        }
        let told = series.started_unix_nanos().min(self.time);
        let begun = self.series.entry(identity.finish()).or_insert(Begun {
            start: told,
            last: count,
            seen: self.time,
        });
        if told > begun.start {
            begun.start = told;
        } else if count < begun.last {
            begun.start = self.before.max(begun.start);
        }
        begun.last = count;
        begun.seen = self.time;
        begun.start
    }
}
