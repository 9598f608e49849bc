//! Batches for exporters under test.

use std::hash::{DefaultHasher, Hash, Hasher};

use gaxx_abi::{
    Attribute, Batch, ExportFamily, ExportSeries, Point,
    abi_std::{RString, RVec},
    metric::kind,
};

/// Measurements, put together by hand, that an exporter is to send.
#[derive(Debug, Clone)]
pub struct Measurements {
    unix_nanos: u64,
    families: Vec<ExportFamily>,
    series: Vec<ExportSeries>,
    points: Vec<Point>,
    slots: u32,
}

impl Default for Measurements {
    /// None, at [`Measurements::UNIX_NANOS`].
    fn default() -> Self {
        Self {
            unix_nanos: Self::UNIX_NANOS,
            families: Vec::new(),
            series: Vec::new(),
            points: Vec::new(),
            slots: 0,
        }
    }
}

impl Measurements {
    /// The time of measurements, unless [`at`](Self::at) says another: 2001-09-09T01:46:40Z, in nanoseconds since the Unix epoch.
    pub const UNIX_NANOS: u64 = 1_000_000_000_000_000_000;

    /// The same, taken at this time, in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn at(self, unix_nanos: u64) -> Self {
        Self { unix_nanos, ..self }
    }

    /// Adds a counter.
    #[must_use]
    pub fn counter(self, name: &str, labels: &[(&str, &str)], value: f64) -> Self {
        self.add(name, kind::COUNTER, labels, &[], &[value])
    }

    /// Adds a gauge.
    #[must_use]
    pub fn gauge(self, name: &str, labels: &[(&str, &str)], value: f64) -> Self {
        self.add(name, kind::GAUGE, labels, &[], &[value])
    }

    /// Adds a histogram: bounds, cumulative counts at each, the count of all, the sum.
    #[must_use]
    pub fn histogram(
        self,
        name: &str,
        labels: &[(&str, &str)],
        bounds: &[f64],
        cumulative: &[f64],
        count: f64,
        sum: f64,
    ) -> Self {
        let values: Vec<f64> = cumulative.iter().copied().chain([count, sum]).collect();
        self.add(name, kind::HISTOGRAM, labels, bounds, &values)
    }

    fn add(
        mut self,
        name: &str,
        kind: u32,
        labels: &[(&str, &str)],
        bounds: &[f64],
        values: &[f64],
    ) -> Self {
        if self
            .families
            .last()
            .is_none_or(|family| family.name != name)
        {
            self.families.push(ExportFamily {
                name: name.into(),
                help: format!("{name}.").into(),
                unit: RString::new(),
                kind,
                labels: labels
                    .iter()
                    .map(|(name, _)| RString::from(*name))
                    .collect(),
                bounds: bounds.to_vec().into(),
                attributes: RVec::new(),
            });
        }
        self.series.push(ExportSeries {
            family: u32::try_from(self.families.len() - 1).unwrap_or(u32::MAX),
            slot: self.slots,
            started: Self::UNIX_NANOS - 60_000_000_000,
            labels: labels
                .iter()
                .map(|(_, value)| RString::from(*value))
                .collect(),
            attributes: RVec::new(),
        });
        for value in values {
            self.points.push(Point::new(self.slots, *value));
            self.slots += 1;
        }
        self
    }

    pub(super) fn with_batch<T>(&self, call: impl FnOnce(Batch<'_>) -> T) -> T {
        let resource = [Attribute {
            name: "host.name".into(),
            value: "test-host".into(),
        }];
        let mut described = DefaultHasher::new();
        // What it is made of can be printed, and not hashed.
        format!("{:?}{:?}", self.families, self.series).hash(&mut described);
        call(Batch {
            time: self.unix_nanos,
            generation: described.finish(),
            resource: resource.as_slice().into(),
            families: self.families.as_slice().into(),
            series: self.series.as_slice().into(),
            points: self.points.as_slice().into(),
        })
    }
}
