//! Batches for exporters under test.

use gaxx_abi::{
    Attribute, Batch, ExportFamily, ExportSeries, Point,
    abi_std::{RString, RVec},
    metric::kind,
};

/// Measurements, put together by hand, that an exporter is to send.
#[derive(Debug, Clone, Default)]
pub struct Measurements {
    families: Vec<ExportFamily>,
    series: Vec<ExportSeries>,
    points: Vec<Point>,
    slots: u32,
}

impl Measurements {
    /// The time of these measurements: 2001-09-09T01:46:40Z, in nanoseconds since the Unix epoch.
    pub const UNIX_NANOS: u64 = 1_000_000_000_000_000_000;

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
        call(Batch {
            time: Self::UNIX_NANOS,
            generation: self.series.len() as u64,
            resource: resource.as_slice().into(),
            families: self.families.as_slice().into(),
            series: self.series.as_slice().into(),
            points: self.points.as_slice().into(),
        })
    }
}
