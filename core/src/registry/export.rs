//! A snapshot in the form that exporters are given.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use abi_stable::std_types::{RSlice, RString, RVec};
use gaxx_abi::{Attribute, Batch, ExportFamily, ExportSeries, Point};

use super::{layout::Layout, snapshot::Snapshot, unit};

/// Descriptions that are the same in all batches of one generation.
#[derive(Debug)]
pub struct Descriptors {
    /// Grows whenever the descriptions change.
    pub generation: u64,
    /// Ascending by name.
    pub families: RVec<ExportFamily>,
    /// Ascending by slot.
    pub series: RVec<ExportSeries>,
}

/// A snapshot in the form that exporters are given. It owns what it holds, so it can wait in a
/// queue.
#[derive(Debug, Clone)]
pub struct Exported {
    /// When the snapshot was taken.
    pub time: SystemTime,
    /// What its slots mean.
    pub descriptors: Arc<Descriptors>,
    /// Ascending by slot.
    pub points: RVec<Point>,
}

impl Exported {
    /// The batch to hand over, with what is true of all its samples.
    pub fn batch<'a>(&'a self, resource: &'a [Attribute]) -> Batch<'a> {
        Batch {
            time: nanoseconds(self.time),
            generation: self.descriptors.generation,
            resource: RSlice::from_slice(resource),
            families: self.descriptors.families.as_rslice(),
            series: self.descriptors.series.as_rslice(),
            points: self.points.as_rslice(),
        }
    }
}

impl Snapshot {
    /// This snapshot for exporters. Its descriptors are shared with other snapshots of the same
    /// generation.
    pub fn export(&self) -> Exported {
        let descriptors = &self.layout.descriptors;
        let descriptors = descriptors.get_or_init(|| Arc::new(describe(&self.layout)));
        Exported {
            time: self.time(),
            descriptors: descriptors.clone(),
            points: self
                .slots()
                .map(|(slot, value)| Point::new(number(slot), value))
                .collect(),
        }
    }
}

fn describe(layout: &Layout) -> Descriptors {
    let mut families = RVec::with_capacity(layout.families.len());
    let mut series = RVec::new();
    for (at, described) in layout.families.iter().enumerate() {
        let family = &described.family;
        families.push(ExportFamily {
            name: RString::from(family.name.as_ref()),
            help: RString::from(family.help.as_str()),
            unit: RString::from(unit::of(&family.name, &family.unit).unwrap_or_default()),
            kind: family.kind.number(),
            labels: strings(&family.labels),
            bounds: family.bounds.clone().into(),
            attributes: family.attributes.clone(),
        });
        for part in &described.parts {
            series.extend(part.series.iter().map(|one| ExportSeries {
                family: number(at),
                slot: number(one.slot),
                started: nanoseconds(one.started),
                labels: strings(&one.values),
                attributes: RVec::new(),
            }));
        }
    }
    Descriptors {
        generation: layout.generation,
        families,
        series,
    }
}

fn strings(values: &[String]) -> RVec<RString> {
    values
        .iter()
        .map(|value| RString::from(value.as_str()))
        .collect()
}

/// The ABI's numbers have 32 bits; what would not fit would need 32 GiB of values.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Nanoseconds since the Unix epoch; 0 before it.
fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}
