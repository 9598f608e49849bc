//! What an exporter is given.

use gaxx_abi::{Attribute, ExportFamily, ExportSeries, Point, abi_std::RString, metric::kind};

/// Everything that was measured, at one instant.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a>(pub(crate) gaxx_abi::Batch<'a>);

/// A family of series: name, help, unit and label names are the same for all its series.
#[derive(Clone, Copy, Debug)]
pub struct Family<'a> {
    batch: &'a gaxx_abi::Batch<'a>,
    spec: &'a ExportFamily,
    members: &'a [ExportSeries],
}

/// One series and its value.
#[derive(Clone, Debug)]
pub struct Series<'a> {
    names: &'a [RString],
    described: &'a ExportSeries,
    /// Its value at the time of the batch.
    pub value: Value<'a>,
}

/// The value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// It only grows.
    Counter(f64),
    /// It goes up and down.
    Gauge(f64),
    /// Counts by size.
    Histogram {
        /// Upper bounds, without the infinite one.
        bounds: &'a [f64],
        /// How many observations were at or below each bound: one point for each.
        cumulative: &'a [Point],
        /// How many there were.
        count: f64,
        /// Their sum.
        sum: f64,
    },
}

impl<'a> Batch<'a> {
    /// When it was taken, in nanoseconds since the Unix epoch.
    pub fn unix_nanos(&self) -> u64 {
        self.0.time
    }

    /// Changes whenever names or labels differ from those of the batch before.
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    /// What is true of every sample, as names and values.
    pub fn resource(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        pairs(self.0.resource.as_slice())
    }

    /// The families, each with its series. Those of a kind that came after this SDK are left out.
    pub fn families(&'a self) -> impl Iterator<Item = Family<'a>> {
        let series = self.0.series.as_slice();
        self.0
            .families
            .as_slice()
            .iter()
            .enumerate()
            .filter(|(_, family)| family.kind <= kind::HISTOGRAM)
            .map(move |(number, family)| {
                let of = |series: &&ExportSeries| series.family as usize == number;
                // The series of a family stand together.
                let start = series.partition_point(|series| (series.family as usize) < number);
                let length = series[start..].iter().take_while(of).count();
                Family {
                    batch: &self.0,
                    spec: family,
                    members: &series[start..start + length],
                }
            })
    }
}

impl<'a> Family<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.spec.name
    }

    /// What it is, for people.
    pub fn help(&self) -> &'a str {
        &self.spec.help
    }

    /// Its unit; may be empty.
    pub fn unit(&self) -> &'a str {
        &self.spec.unit
    }

    /// `counter`, `gauge` or `histogram`.
    pub fn kind(&self) -> &'static str {
        match self.spec.kind {
            kind::COUNTER => "counter",
            kind::HISTOGRAM => "histogram",
            _ => "gauge",
        }
    }

    /// Its series that have a value.
    pub fn series(&self) -> impl Iterator<Item = Series<'a>> {
        let (family, points) = (self.spec, self.batch.points.as_slice());
        self.members.iter().filter_map(move |series| {
            let value = value(family, series, points)?;
            Some(Series {
                names: &family.labels,
                described: series,
                value,
            })
        })
    }
}

impl<'a> Series<'a> {
    /// Label names and values.
    pub fn labels(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.names
            .iter()
            .zip(&self.described.labels)
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Its number. While [`Batch::generation`] stays the same it is the same, and no other series has
    /// it: what was made of a series' labels can be kept under it.
    pub fn slot(&self) -> u32 {
        self.described.slot
    }

    /// When it began to count, in nanoseconds since the Unix epoch.
    pub fn started_unix_nanos(&self) -> u64 {
        self.described.started
    }
}

fn value<'a>(
    family: &'a ExportFamily,
    series: &ExportSeries,
    points: &'a [Point],
) -> Option<Value<'a>> {
    let at = points
        .binary_search_by_key(&series.slot, |point| point.slot)
        .ok()?;
    let first = points[at].value;
    Some(match family.kind {
        kind::COUNTER => Value::Counter(first),
        kind::HISTOGRAM => {
            let bounds = family.bounds.as_slice();
            let own = points.get(at..at + bounds.len() + 2)?;
            let (cumulative, rest) = own.split_at(bounds.len());
            Value::Histogram {
                bounds,
                cumulative,
                count: rest[0].value,
                sum: rest[1].value,
            }
        }
        _ => Value::Gauge(first),
    })
}

fn pairs(attributes: &[Attribute]) -> impl Iterator<Item = (&str, &str)> {
    attributes
        .iter()
        .map(|attribute| (attribute.name.as_str(), attribute.value.as_str()))
}

#[cfg(test)]
mod tests {
    use gaxx_abi::abi_std::RVec;

    use super::*;

    fn family(name: &str, kind: u32) -> ExportFamily {
        ExportFamily {
            name: name.into(),
            help: RString::new(),
            unit: RString::new(),
            kind,
            labels: RVec::new(),
            bounds: vec![1.0].into(),
            attributes: RVec::new(),
        }
    }

    fn series(family: u32, slot: u32) -> ExportSeries {
        ExportSeries {
            family,
            slot,
            started: 5,
            labels: RVec::new(),
            attributes: RVec::new(),
        }
    }

    /// What families and series of these points have a value.
    fn values(points: &[Point]) -> Vec<(&'static str, usize)> {
        let later = kind::HISTOGRAM + 1;
        let families = [
            family("a", kind::GAUGE),
            family("b", later),
            family("c", kind::HISTOGRAM),
        ];
        let series = [series(0, 0), series(0, 1), series(1, 2), series(2, 6)];
        let batch = Batch(gaxx_abi::Batch {
            time: 1,
            generation: 2,
            resource: [].as_slice().into(),
            families: families.as_slice().into(),
            series: series.as_slice().into(),
            points: points.into(),
        });
        batch
            .families()
            .map(|family| (family.kind(), family.series().count()))
            .collect()
    }

    #[test]
    fn series_without_a_value_and_kinds_of_a_later_abi_are_left_out() {
        let points = [1, 2, 3, 4, 5, 6, 7, 8].map(|slot| Point::new(slot, 1.0));
        assert_eq!(values(&points), [("gauge", 1), ("histogram", 1)]);
        assert_eq!(values(&[]), [("gauge", 0), ("histogram", 0)]);
    }

    #[test]
    fn a_histogram_that_is_cut_off_has_no_value() {
        let points = [6, 7].map(|slot| Point::new(slot, 1.0));
        assert_eq!(values(&points), [("gauge", 0), ("histogram", 0)]);
    }
}
