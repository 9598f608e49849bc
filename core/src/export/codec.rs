//! Batches as bytes, for the spool.
//!
//! Descriptions are the context that batches share; a batch itself is a time and numbers.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gaxx_abi::{ExportFamily, ExportSeries, Point, abi_std::RVec};
use serde::{Deserialize, Serialize};

use super::cargo::{Cargo, News};
use crate::registry::{Descriptors, Exported};

/// The form of measurements that is written. What another version has left, in another form, is not
/// read.
const FORM: u8 = 1;
/// The form of changes of health, the same.
const NEWS: u8 = 2;
/// The context of changes of health, which share nothing.
pub(super) const NO_CONTEXT: &[u8] = &[NEWS];
/// Bytes of a point: its slot and its value.
const POINT: usize = 4 + 8;

#[derive(Serialize)]
struct Describing<'a> {
    families: &'a RVec<ExportFamily>,
    series: &'a RVec<ExportSeries>,
}

#[derive(Deserialize)]
struct Described {
    families: RVec<ExportFamily>,
    series: RVec<ExportSeries>,
}

/// Descriptions as bytes.
pub(super) fn context(descriptors: &Descriptors) -> Vec<u8> {
    let Descriptors {
        families, series, ..
    } = descriptors;
    let form = vec![FORM];
    postcard::to_extend(&Describing { families, series }, form)
        .expect("texts and numbers can be written")
}

/// The descriptions again, as those of this generation; nothing where the bytes are none.
pub(super) fn descriptors(bytes: &[u8], generation: u64) -> Option<Descriptors> {
    let (&FORM, bytes) = bytes.split_first()? else {
        return None;
    };
    let Described { families, series } = postcard::from_bytes(bytes).ok()?;
    let known = |series: &ExportSeries| {
        let family = families.get(series.family as usize);
        family.is_some_and(|family| family.labels.len() == series.labels.len())
    };
    series.iter().all(known).then_some(Descriptors {
        generation,
        families,
        series,
    })
}

/// What is delivered as bytes, without its context.
pub(super) fn payload(cargo: &Cargo) -> Vec<u8> {
    match cargo {
        Cargo::Measurements(batch) => measurements(batch),
        Cargo::News(news) => {
            let mut bytes = head(NEWS, news.time, 4 + news.json.len());
            bytes.extend_from_slice(&news.changes.to_le_bytes());
            bytes.extend_from_slice(news.json.as_bytes());
            bytes
        }
    }
}

fn head(form: u8, time: SystemTime, rest: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + 8 + rest);
    bytes.push(form);
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanoseconds = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
    bytes.extend_from_slice(&nanoseconds.to_le_bytes());
    bytes
}

fn measurements(batch: &Exported) -> Vec<u8> {
    let mut bytes = head(FORM, batch.time, batch.points.len() * POINT);
    for point in &batch.points {
        bytes.extend_from_slice(&point.slot.to_le_bytes());
        bytes.extend_from_slice(&point.value.to_le_bytes());
    }
    bytes
}

/// Whether these are changes of health, which need no descriptions.
pub(super) fn is_news(bytes: &[u8]) -> bool {
    bytes.first() == Some(&NEWS)
}

/// Changes of health again; nothing where the bytes are none.
pub(super) fn news(bytes: &[u8]) -> Option<News> {
    let (&NEWS, bytes) = bytes.split_first()? else {
        return None;
    };
    let (time, bytes) = bytes.split_first_chunk()?;
    let (changes, json) = bytes.split_first_chunk()?;
    Some(News {
        time: SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::from_le_bytes(*time)),
        changes: u32::from_le_bytes(*changes),
        json: String::from_utf8(json.to_vec()).ok()?,
    })
}

/// The batch again; nothing where the bytes are none.
pub(super) fn batch(bytes: &[u8], descriptors: Arc<Descriptors>) -> Option<Exported> {
    let (&FORM, bytes) = bytes.split_first()? else {
        return None;
    };
    let (time, bytes) = bytes.split_first_chunk()?;
    let (points, []) = bytes.as_chunks::<POINT>() else {
        return None;
    };
    let point = |bytes: &[u8; POINT]| {
        let (slot, value) = bytes.split_first_chunk()?;
        let value = f64::from_le_bytes(*value.first_chunk()?);
        Some(Point::new(u32::from_le_bytes(*slot), value))
    };
    Some(Exported {
        time: SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::from_le_bytes(*time)),
        descriptors,
        points: points.iter().map(point).collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_abi::{Attribute, metric::kind};
    use proptest::prelude::*;

    use super::*;

    fn described(labels: &[(String, String)]) -> Descriptors {
        Descriptors {
            generation: 7,
            families: vec![ExportFamily {
                name: "a_seconds".into(),
                help: "What it is.".into(),
                unit: "seconds".into(),
                kind: kind::HISTOGRAM,
                labels: labels
                    .iter()
                    .map(|(name, _)| name.as_str().into())
                    .collect(),
                bounds: vec![0.1, f64::MAX].into(),
                attributes: vec![Attribute {
                    name: "n".into(),
                    value: "v".into(),
                }]
                .into(),
            }]
            .into(),
            series: vec![ExportSeries {
                family: 0,
                slot: 3,
                started: 12,
                labels: labels
                    .iter()
                    .map(|(_, value)| value.as_str().into())
                    .collect(),
                attributes: RVec::new(),
            }]
            .into(),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            labels in prop::collection::vec(("[a-z]{1,8}", ".{0,20}"), 0..4),
            values in prop::collection::vec((any::<u32>(), any::<f64>()), 0..50),
            time in 0..u64::MAX / 2,
        ) {
            let written = described(&labels);
            let read = descriptors(&context(&written), 9).unwrap();
            prop_assert_eq!(read.generation, 9);
            prop_assert_eq!(&read.families, &written.families);
            prop_assert_eq!(&read.series, &written.series);
            let written = Exported {
                time: UNIX_EPOCH + Duration::from_nanos(time),
                descriptors: Arc::new(written),
                points: values.iter().map(|(slot, value)| Point::new(*slot, *value)).collect(),
            };
            let read = batch(&measurements(&written), Arc::new(read)).unwrap();
            prop_assert_eq!(read.time, written.time);
            let bits = |batch: &Exported| -> Vec<(u32, u64)> {
                batch.points.iter().map(|point| (point.slot, point.value.to_bits())).collect()
            };
            prop_assert_eq!(bits(&read), bits(&written));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let empty = Arc::new(described(&[]));
            for form in [None, Some(FORM)] {
                let bytes: Vec<u8> = form.into_iter().chain(bytes.iter().copied()).collect();
                let _ = descriptors(&bytes, 1);
                let _ = batch(&bytes, Arc::clone(&empty));
            }
        }
    }

    #[test]
    fn a_series_of_no_family_is_refused() {
        let mut wrong = described(&[]);
        wrong.series[0].family = 1;
        assert!(descriptors(&context(&wrong), 1).is_none());
    }
}
