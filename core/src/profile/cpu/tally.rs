//! Counts samples.

use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use super::{
    log::{Log, Sample},
    recorder::{self, Recording},
};

/// How often it looks at what was recorded: before the room for that is full.
const INTERVAL: Duration = Duration::from_millis(200);

/// The most samples that are told from each other; a stack has 300 bytes, about.
const MOST: usize = 50_000;

/// How often each sample was taken.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: HashMap<Box<[u64]>, u64>,
    /// Samples that are not among them.
    pub(super) lost: u64,
}

impl Tally {
    /// Counts these.
    pub(super) fn add(&mut self, log: &Log) {
        for sample in log.samples() {
            let words = sample.words();
            if let Some(count) = self.counts.get_mut(words) {
                *count += 1;
            } else if self.counts.len() < MOST {
                self.counts.insert(words.into(), 1);
            } else {
                self.lost += 1;
            }
        }
    }

    /// All that were counted, and how often.
    pub(super) fn samples(&self) -> impl Iterator<Item = (Sample<'_>, u64)> {
        let counts = self.counts.iter();
        counts.map(|(words, count)| (Sample::of(words), *count))
    }
}

/// Counts what is recorded until nobody is there to say stop.
pub(super) fn count(recording: &Recording, stopped: &Receiver<()>) -> Tally {
    let mut tally = Tally::default();
    let mut log = Log::new();
    loop {
        let over = stopped.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout);
        recorder::take(&mut log, |log| tally.add(log));
        if over {
            tally.lost += recording.lost();
            return tally;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::label::Label;

    #[test]
    fn the_same_sample_is_counted_and_too_many_are_lost() {
        let mut tally = Tally::default();
        let mut log = Log::new();
        for calls in [[1, 2], [1, 3], [1, 2]] {
            log.add(Label::default(), [b'x'; 16], &calls);
        }
        tally.add(&log);
        let mut counts: Vec<_> = tally.samples().map(|(_, count)| count).collect();
        counts.sort_unstable();
        assert_eq!((counts.as_slice(), tally.lost), (&[1, 2][..], 0));

        for number in 0..MOST as u64 {
            log.clear();
            log.add(Label::default(), [b'y'; 16], &[number]);
            tally.add(&log);
        }
        assert_eq!((tally.samples().count(), tally.lost), (MOST, 2));
    }
}
