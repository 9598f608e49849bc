//! Counts that outlive the version that made them.
//!
//! What a version leaves to the next one is one block of bytes. It holds the counts beside the
//! author's own: [`MAGIC`], the length of the author's bytes (4 bytes, little-endian; all ones where
//! there are none), those bytes, and the counts as JSON. Bytes that begin otherwise are all the
//! author's.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

const MAGIC: &[u8] = b"gaxx-kept\n";
/// The length that says that the author left nothing.
const NONE: u32 = u32::MAX;
/// The most that a host takes, in bytes.
const LIMIT: usize = 1 << 20;

/// A family whose counts are kept.
pub(crate) trait Keep: std::fmt::Debug + Send + Sync {
    /// What tells it apart, and its counts.
    fn counts(&self) -> (String, Counted);
}

/// The counts of all families.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts(pub(super) BTreeMap<String, Counted>);

/// The counts of one family. All numbers are as bits, so that none is rounded or refused.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// The bounds of histograms.
    pub(super) bounds: Vec<u64>,
    /// Label values, and the numbers of the series that has them.
    pub(super) series: Vec<(Vec<String>, Vec<u64>)>,
}

/// Counts of the version before that no series has taken up yet.
#[derive(Debug, Default)]
pub(super) struct Inherited(HashMap<String, Family>);

#[derive(Debug)]
struct Family {
    bounds: Vec<u64>,
    series: HashMap<Vec<String>, Vec<u64>>,
}

impl Inherited {
    pub(super) fn new(Counts(families): Counts) -> Self {
        let family = |(key, Counted { bounds, series }): (String, Counted)| {
            let series = series.into_iter().collect();
            (key, Family { bounds, series })
        };
        Self(families.into_iter().map(family).collect())
    }

    /// What a series of this family had, if it has the same bounds yet.
    pub(super) fn take(&mut self, key: &str, bounds: &[f64], labels: &[&str]) -> Option<Vec<u64>> {
        let family = self.0.get_mut(key)?;
        let labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
        let same = family.bounds == bits(bounds);
        same.then(|| family.series.remove(&labels)).flatten()
    }
}

pub(super) fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// What a version leaves: the author's bytes and the counts. Where that is more than a host takes
/// the counts stay behind.
pub(crate) fn encode(own: Option<&[u8]>, counts: &Counts) -> Option<Vec<u8>> {
    if own.is_none() && counts.0.is_empty() {
        return None;
    }
    let length = match own {
        Some(own) => u32::try_from(own.len()).ok()?,
        None => NONE,
    };
    let mut bytes = [MAGIC, &length.to_le_bytes(), own.unwrap_or_default()].concat();
    let head = bytes.len();
    if serde_json::to_writer(&mut bytes, counts).is_err() || bytes.len() > LIMIT {
        log::warn!("its counts are too many to be handed on to the next version");
        bytes.truncate(head);
    }
    Some(bytes)
}

/// The author's bytes and the counts of what the version before left.
pub(crate) fn decode(left: &[u8]) -> (Option<&[u8]>, Counts) {
    let Some(rest) = left.strip_prefix(MAGIC) else {
        return (Some(left), Counts::default());
    };
    let Some((length, rest)) = rest.split_first_chunk() else {
        return (None, Counts::default());
    };
    let (own, counts) = match u32::from_le_bytes(*length) {
        NONE => (None, rest),
        length => match rest.split_at_checked(length as usize) {
            Some((own, counts)) => (Some(own), counts),
            None => return (None, Counts::default()),
        },
    };
    (own, serde_json::from_slice(counts).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn counts() -> impl Strategy<Value = Counts> {
        let series = (
            prop::collection::vec(".*", 0..3),
            prop::collection::vec(any::<u64>(), 0..4),
        );
        let counted = (
            prop::collection::vec(any::<u64>(), 0..3),
            prop::collection::vec(series, 0..4),
        );
        let counted = counted.prop_map(|(bounds, series)| Counted { bounds, series });
        prop::collection::btree_map(".*", counted, 0..4).prop_map(Counts)
    }

    proptest! {
        #[test]
        fn what_is_left_is_found(own: Option<Vec<u8>>, counts in counts()) {
            match encode(own.as_deref(), &counts) {
                Some(left) => prop_assert_eq!(decode(&left), (own.as_deref(), counts)),
                None => prop_assert!(own.is_none() && counts.0.is_empty()),
            }
        }

        #[test]
        fn any_bytes_can_be_read(tail: Vec<u8>, marked: bool) {
            let left = if marked { [MAGIC, &tail].concat() } else { tail };
            let (own, counts) = decode(&left);
            prop_assert!(marked || (own == Some(&*left) && counts.0.is_empty()));
        }
    }

    #[test]
    fn counts_that_are_too_many_stay_behind_and_the_authors_bytes_do_not() {
        let series = (0..100_000).map(|number| (vec![number.to_string()], vec![number]));
        let counted = Counted {
            bounds: Vec::new(),
            series: series.collect(),
        };
        let counts = Counts([("many_total".to_owned(), counted)].into());
        let left = encode(Some(b"own"), &counts).unwrap();
        assert_eq!(decode(&left), (Some(&b"own"[..]), Counts::default()));
    }
}
