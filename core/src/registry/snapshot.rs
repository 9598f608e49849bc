//! Everything the registry holds, at one instant.

use std::{sync::Arc, time::SystemTime};

use super::{
    Kind, Owner, Selection,
    layout::{FamilyLayout, Layout, SeriesLayout},
    unit,
};

/// What an absent value is in the flat array: one of the NaNs that a table never holds.
const ABSENT: u64 = 0x7ff8_6761_7878_0001;

/// Everything the registry holds, at one instant. Holds no lock; the values of one component
/// belong to one delivery.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) layout: Arc<Layout>,
    values: Vec<f64>,
    /// When each source delivered.
    delivered: Vec<Option<SystemTime>>,
    time: SystemTime,
}

impl Snapshot {
    pub(super) fn take(layout: Arc<Layout>) -> Self {
        let mut values = vec![f64::from_bits(ABSENT); layout.slots];
        let sources = layout.sources.iter();
        let delivered = sources.map(|source| source.table.read(&source.runs, &mut values));
        Self {
            delivered: delivered.collect(),
            values,
            time: SystemTime::now(),
            layout,
        }
    }

    /// When it was taken.
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// The parts of it that a selection takes.
    pub fn select(&self, selection: &Selection) -> Selected<'_> {
        let sources = self.layout.sources.iter();
        Selected {
            snapshot: self,
            sources: sources
                .map(|source| selection.takes(&source.owner))
                .collect(),
        }
    }

    /// A family, if it has values.
    pub fn family(&self, name: &str) -> Option<FamilyView<'_>> {
        let families = &self.layout.families;
        let at = families.binary_search_by(|layout| layout.family.name.as_ref().cmp(name));
        let layout = families.get(at.ok()?)?;
        let view = FamilyView {
            snapshot: self,
            layout,
            sources: None,
        };
        view.samples().next()?;
        Some(view)
    }

    /// The value of a counter or gauge with just these labels, in any order.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let family = self.family(name)?;
        let mut samples = family.samples();
        samples.find_map(|sample| match sample.value {
            Value::Number(value) if sample.has_labels(labels) => Some(value),
            _ => None,
        })
    }

    #[inline]
    pub(super) fn slot(&self, slot: usize) -> Option<f64> {
        let value = *self.values.get(slot)?;
        (value.to_bits() != ABSENT).then_some(value)
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = (usize, f64)> {
        let values = self.values.iter().copied().enumerate();
        values.filter(|(_, value)| value.to_bits() != ABSENT)
    }
}

/// The parts of a snapshot that a [`Selection`] takes.
#[derive(Debug)]
pub struct Selected<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// For each source, whether it is taken.
    pub(super) sources: Vec<bool>,
}

impl Selected<'_> {
    /// Families that have values, ascending by name.
    pub fn families(&self) -> impl Iterator<Item = FamilyView<'_>> {
        let families = self.snapshot.layout.families.iter();
        let views = families.map(|layout| FamilyView {
            snapshot: self.snapshot,
            layout,
            sources: Some(&self.sources),
        });
        views.filter(|view| view.samples().next().is_some())
    }
}

/// A family in a snapshot.
#[derive(Debug, Clone, Copy)]
pub struct FamilyView<'a> {
    snapshot: &'a Snapshot,
    layout: &'a FamilyLayout,
    sources: Option<&'a [bool]>,
}

impl<'a> FamilyView<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.layout.family.name
    }

    /// What it is about; may be empty.
    pub fn help(&self) -> &'a str {
        &self.layout.family.help
    }

    /// What its samples are.
    pub fn kind(&self) -> Kind {
        self.layout.family.kind
    }

    /// Its unit, stated or told by its name.
    pub fn unit(&self) -> Option<&'a str> {
        unit::of(&self.layout.family.name, &self.layout.family.unit)
    }

    /// Its series that have values: by owner, then in the order of registration.
    pub fn samples(&self) -> impl Iterator<Item = Sample<'a>> + use<'a> {
        let Self {
            snapshot,
            layout,
            sources,
        } = *self;
        let taken = move |source: usize| sources.is_none_or(|s| s.get(source) == Some(&true));
        let parts = layout.parts.iter().filter(move |part| taken(part.source));
        parts.flat_map(move |part| {
            let source = part.source;
            let series = part.series.iter();
            series.filter_map(move |series| Sample::read(snapshot, layout, series, source))
        })
    }
}

/// A series and its value.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// Whose it is.
    pub owner: &'a Owner,
    /// When it was delivered.
    pub time: SystemTime,
    /// Its value.
    pub value: Value<'a>,
    names: &'a [String],
    values: &'a [String],
}

/// The value of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Of a counter or a gauge.
    Number(f64),
    /// Of a histogram: all finite, the counts whole and ascending.
    Histogram {
        /// Upper bounds, ascending, without the infinite one.
        bounds: &'a [f64],
        /// How many observations were at or below each bound.
        counts: &'a [f64],
        /// How many observations there were.
        count: f64,
        /// Their sum.
        sum: f64,
    },
}

impl<'a> Sample<'a> {
    /// Names and values of its labels, ascending by name.
    pub fn labels(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let values = self.values.iter().map(String::as_str);
        self.names.iter().map(String::as_str).zip(values)
    }

    fn has_labels(&self, wanted: &[(&str, &str)]) -> bool {
        self.names.len() == wanted.len() && self.labels().all(|label| wanted.contains(&label))
    }

    fn read(
        snapshot: &'a Snapshot,
        layout: &'a FamilyLayout,
        series: &'a SeriesLayout,
        source: usize,
    ) -> Option<Self> {
        let family = &layout.family;
        let first = snapshot.slot(series.slot)?;
        let value = match family.kind {
            Kind::Counter | Kind::Gauge => Value::Number(first),
            Kind::Histogram => {
                let end = series.slot + family.bounds.len();
                Value::Histogram {
                    bounds: &family.bounds,
                    counts: snapshot.values.get(series.slot..end)?,
                    count: snapshot.slot(end)?,
                    sum: snapshot.slot(end + 1)?,
                }
            }
        };
        Some(Self {
            owner: &snapshot.layout.sources.get(source)?.owner,
            time: (*snapshot.delivered.get(source)?).unwrap_or(snapshot.time),
            value,
            names: &family.labels,
            values: &series.values,
        })
    }
}
