//! What a receiver knows: of which series it has a value that is not followed by another.
//!
//! A series that is in a batch no more gets a *staleness marker*, a value that says that there is
//! none. Without it the last value would be shown for 5 minutes more.
//! <https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers>

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use gaxx_sdk::{Batch, BatchFamily, BatchSeries, Result, exposition};

use crate::{
    labels,
    protobuf::{read_all, write_bytes},
};

/// The number that is a staleness marker: one of many that are none.
const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);
/// The number that is sent for any other that is none.
const NO_NUMBER: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

/// The form of what is saved. What another version has left, in another form, is not read.
const FORM: u8 = 1;
/// The most that the program hands on to the next version, in bytes; a little is for others.
const MOST_SAVED: usize = 1_000_000;
/// The most that it may be when it is read, in bytes.
const MOST_READ: usize = 32 << 20;

/// What a receiver knows.
#[derive(Default)]
pub(crate) struct Known {
    /// The series of this generation.
    generation: Option<u64>,
    series: Vec<Series>,
    /// Where each of them is, by its slot.
    places: HashMap<u32, usize>,
    /// The labels of their samples.
    labels: Labels,
    /// Labels of samples that the receiver has of earlier generations.
    earlier: BTreeSet<Box<[u8]>>,
}

/// Labels as they are sent, one after the other.
#[derive(Default)]
struct Labels {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

struct Series {
    /// Which labels are those of its samples.
    samples: Range<usize>,
    /// Whether the receiver has a value of it, or may have.
    is_there: bool,
    /// Whether it is in the batch at hand.
    is_current: bool,
}

impl Known {
    /// Gives labels and values of all samples of a batch, and of a marker for each that is gone since
    /// the last that was [`delivered`](Self::delivered). The same batch again gives the same in the
    /// same order.
    ///
    /// # Errors
    ///
    /// As soon as `take` fails, with its error.
    pub(crate) fn samples(
        &mut self,
        batch: &Batch<'_>,
        mut take: impl FnMut(&[u8], f64) -> Result<()>,
    ) -> Result<()> {
        if self.generation != Some(batch.generation()) {
            self.part();
            self.generation = Some(batch.generation());
        }
        for series in &mut self.series {
            series.is_current = false;
        }
        for family in batch.families() {
            for series in family.series() {
                let place = self.place(&family, &series);
                let own = &mut self.series[place];
                own.is_current = true;
                // What becomes of it nobody knows before the answer, and maybe not then.
                own.is_there = true;
                for (at, sample) in own.samples.clone().zip(exposition::samples(series.value)) {
                    let is_number = !sample.value.is_nan();
                    let value = if is_number { sample.value } else { NO_NUMBER };
                    take(self.labels.get(at), value)?;
                }
            }
        }
        let gone = self
            .series
            .iter()
            .filter(|it| it.is_there && !it.is_current);
        for at in gone.flat_map(|series| series.samples.clone()) {
            take(self.labels.get(at), STALE)?;
        }
        self.earlier
            .iter()
            .try_for_each(|labels| take(labels, STALE))
    }

    /// The receiver has the whole batch, and its markers.
    pub(crate) fn delivered(&mut self) {
        for series in &mut self.series {
            series.is_there = series.is_current;
        }
        self.earlier.clear();
    }

    /// All that the receiver knows, for another version of this program; nothing where it is too much.
    pub(crate) fn save(&mut self) -> Option<Vec<u8>> {
        self.part();
        // Its series are rendered again when they come.
        self.generation = None;
        let mut message = Vec::new();
        for labels in &self.earlier {
            write_bytes(1, labels, &mut message);
        }
        let compressed = snap::raw::Encoder::new().compress_vec(&message).ok()?;
        let saved = [&[FORM], &compressed[..]].concat();
        (saved.len() <= MOST_SAVED).then_some(saved)
    }

    /// What another version has saved. What cannot be read is passed over.
    pub(crate) fn restore(saved: &[u8]) -> Self {
        Self {
            earlier: read(saved).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Makes the series of this generation those of an earlier one.
    fn part(&mut self) {
        let there = self.series.drain(..).filter(|series| series.is_there);
        for at in there.flat_map(|series| series.samples) {
            self.earlier.insert(self.labels.get(at).into());
        }
        self.places.clear();
        self.labels = Labels::default();
    }

    /// Where a series is among those of this generation.
    fn place(&mut self, family: &BatchFamily<'_>, series: &BatchSeries<'_>) -> usize {
        if let Some(place) = self.places.get(&series.slot()) {
            return *place;
        }
        let first = self.labels.ends.len();
        for sample in exposition::samples(series.value) {
            let labels = self
                .labels
                .add(|out| labels::encode(family, series, &sample, out));
            // It goes on.
            self.earlier.remove(labels);
        }
        self.places.insert(series.slot(), self.series.len());
        self.series.push(Series {
            samples: first..self.labels.ends.len(),
            is_there: false,
            is_current: false,
        });
        self.series.len() - 1
    }
}

impl Labels {
    fn get(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[at]]
    }

    fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
        self.get(self.ends.len() - 1)
    }
}

fn read(saved: &[u8]) -> Option<BTreeSet<Box<[u8]>>> {
    let (&FORM, compressed) = saved.split_first()? else {
        return None;
    };
    if snap::raw::decompress_len(compressed).ok()? > MOST_READ {
        return None;
    }
    let message = snap::raw::Decoder::new().decompress_vec(compressed).ok()?;
    Some(read_all(1, &message)?.into_iter().map(Box::from).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_passed_over(mut bytes: Vec<u8>, own: bool) {
            if own {
                bytes.insert(0, FORM);
            }
            Known::restore(&bytes);
        }

        #[test]
        fn what_is_saved_is_read_again(earlier: BTreeSet<Vec<u8>>) {
            let earlier: BTreeSet<Box<[u8]>> = earlier.into_iter().map(Box::from).collect();
            let mut known = Known { earlier: earlier.clone(), ..Known::default() };
            let saved = known.save().unwrap_or_default();
            prop_assert_eq!(Known::restore(&saved).earlier, earlier);
        }
    }
}
