//! Core's own instruments, taken into a table like everybody else's metrics.

use std::{collections::HashSet, sync::Arc, time::SystemTime};

use gaxx_abi::{FamilySpec, Point, metric::kind};
use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

use super::Table;

/// Core's table, and where each of its instruments goes.
///
/// What is gathered comes in the same order each time, so the slots of the last time are found by
/// comparing; only where instruments came or went is anything registered.
#[derive(Debug)]
pub(super) struct Own {
    table: Arc<Table>,
    known: Vec<Known>,
    points: Vec<Point>,
}

#[derive(Debug)]
struct Known {
    family: String,
    labels: Vec<(String, String)>,
    /// None where the registration was refused.
    slot: Option<u32>,
}

impl Own {
    pub(super) fn new(table: Arc<Table>) -> Self {
        Self {
            table,
            known: Vec::new(),
            points: Vec::new(),
        }
    }

    /// Takes the present state of all of core's instruments.
    pub(super) fn deliver(&mut self, families: &[MetricFamily]) {
        if !self.knows(families) {
            self.learn(families);
        }
        self.points.clear();
        for ((family, metric), known) in metrics(families).zip(&self.known) {
            if let Some(slot) = known.slot {
                push(family.get_field_type(), metric, slot, &mut self.points);
            }
        }
        self.table.deliver(&self.points, SystemTime::now());
    }

    fn knows(&self, families: &[MetricFamily]) -> bool {
        let same = |((family, metric), known): ((&MetricFamily, &Metric), &Known)| {
            let labels = metric.get_label().iter();
            family.name() == known.family
                && labels
                    .map(|pair| (pair.name(), pair.value()))
                    .eq(known.labels.iter().map(|(n, v)| (n.as_str(), v.as_str())))
        };
        metrics(families).count() == self.known.len()
            && metrics(families).zip(&self.known).all(same)
    }

    fn learn(&mut self, families: &[MetricFamily]) {
        let before = std::mem::take(&mut self.known);
        for (family, metric) in metrics(families) {
            let labels = metric.get_label();
            self.known.push(Known {
                family: family.name().to_owned(),
                labels: labels
                    .iter()
                    .map(|pair| (pair.name().to_owned(), pair.value().to_owned()))
                    .collect(),
                slot: self.register(family, metric),
            });
        }
        let kept: HashSet<u32> = self.known.iter().filter_map(|known| known.slot).collect();
        for slot in before.iter().filter_map(|known| known.slot) {
            if !kept.contains(&slot) {
                self.table.retire(slot);
            }
        }
    }

    /// Registering is idempotent: what is known answers its old slot.
    fn register(&self, family: &MetricFamily, metric: &Metric) -> Option<u32> {
        let labels = metric.get_label();
        let bounds = metric.get_histogram().get_bucket().iter();
        let spec = FamilySpec {
            name: family.name().into(),
            help: family.help().into(),
            unit: "".into(),
            kind: match family.get_field_type() {
                MetricType::COUNTER => kind::COUNTER,
                MetricType::GAUGE | MetricType::UNTYPED => kind::GAUGE,
                MetricType::HISTOGRAM => kind::HISTOGRAM,
                // Nothing in the prometheus crate makes one.
                MetricType::SUMMARY => return None,
            },
            labels: labels.iter().map(|pair| pair.name().into()).collect(),
            bounds: bounds
                .map(prometheus::proto::Bucket::upper_bound)
                .filter(|bound| bound.is_finite())
                .collect(),
            attributes: Vec::new().into(),
        };
        let values: Vec<&str> = labels.iter().map(LabelPair::value).collect();
        let number = self.table.register_family(&spec);
        let slot = number.and_then(|number| self.table.register_series(number, &values));
        if let Err(error) = &slot {
            tracing::error!(%error, remedy = error.remedy(), "an instrument of core is not shown");
        }
        slot.ok()
    }
}

fn metrics(families: &[MetricFamily]) -> impl Iterator<Item = (&MetricFamily, &Metric)> {
    families.iter().flat_map(|family| {
        family
            .get_metric()
            .iter()
            .map(move |metric| (family, metric))
    })
}

fn push(kind: MetricType, metric: &Metric, slot: u32, points: &mut Vec<Point>) {
    match kind {
        MetricType::COUNTER => points.push(Point::new(slot, metric.get_counter().value())),
        MetricType::GAUGE => points.push(Point::new(slot, metric.get_gauge().value())),
        MetricType::UNTYPED => points.push(Point::new(slot, metric.untyped.value())),
        MetricType::HISTOGRAM => {
            let histogram = metric.get_histogram();
            let buckets = histogram.get_bucket().iter();
            let counts = buckets
                .filter(|bucket| bucket.upper_bound().is_finite())
                .map(|bucket| bucket.cumulative_count() as f64);
            let rest = [
                histogram.get_sample_count() as f64,
                histogram.get_sample_sum(),
            ];
            points.extend(
                (slot..)
                    .zip(counts.chain(rest))
                    .map(|(slot, v)| Point::new(slot, v)),
            );
        }
        MetricType::SUMMARY => {}
    }
}
