//! Performance data as metrics.

use gaxx_sdk::prelude::*;

use super::{
    perfdata::{Datum, Perfdata},
    range::Range,
    unit::{Dimension, Unit},
};

/// The families of one dimension.
struct Dimensional {
    threshold: Family<Gauge, 5>,
    limit: Family<Gauge, 3>,
}

/// Performance data as metrics of a fixed set of families.
pub(super) struct Metrics {
    check: String,
    max_series: usize,
    seconds: Family<Gauge, 2>,
    bytes: Family<Gauge, 2>,
    ratio: Family<Gauge, 2>,
    value: Family<Gauge, 3>,
    total: Family<Counter, 2>,
    in_seconds: Dimensional,
    in_bytes: Dimensional,
    in_ratio: Dimensional,
    in_value: Dimensional,
    unreadable: Gauge,
    left_out: Gauge,
}

impl Metrics {
    pub(super) fn new(context: &Context, max_series: usize) -> Result<Self> {
        let own = ["check", "label"];
        let value = |unit, help| context.gauges(&format!("nagios_perfdata_{unit}"), help, own);
        let check = match context.host().instance() {
            instance if instance.is_empty() => "nagios".to_owned(),
            instance => instance,
        };
        let of_check = |name, help| -> Result<Gauge> {
            Ok(context.gauges(name, help, ["check"])?.with([&check]))
        };
        Ok(Self {
            max_series,
            seconds: value("seconds", "A time that a check measured.")?,
            bytes: value("bytes", "An amount of bytes that a check measured.")?,
            ratio: value("ratio", "A share that a check measured, from 0 to 1.")?,
            value: context.gauges(
                "nagios_perfdata_value",
                "What a check measured, in the unit that the check gave it.",
                ["check", "label", "unit"],
            )?,
            total: context.counters(
                "nagios_perfdata_total",
                "What a check counted, without end.",
                own,
            )?,
            in_seconds: Dimensional::new(context, "seconds")?,
            in_bytes: Dimensional::new(context, "bytes")?,
            in_ratio: Dimensional::new(context, "ratio")?,
            in_value: Dimensional::new(context, "value")?,
            unreadable: of_check(
                "nagios_perfdata_unreadable",
                "Parts of the last performance data that could not be read.",
            )?,
            left_out: of_check(
                "nagios_perfdata_left_out",
                "Items of the last performance data over the limit of series.",
            )?,
            check,
        })
    }

    /// Shows this performance data and no other.
    pub(super) fn show(&self, perfdata: &Perfdata) {
        self.reset();
        let mut room = self.max_series;
        let mut left_out = 0_usize;
        for datum in &perfdata.data {
            let cost = cost(datum);
            if cost <= room {
                room -= cost;
                self.set(datum);
            } else {
                left_out += 1;
            }
        }
        self.unreadable.set(perfdata.unreadable as f64);
        self.left_out.set(left_out as f64);
    }

    fn reset(&self) {
        for family in [&self.seconds, &self.bytes, &self.ratio] {
            family.reset();
        }
        self.value.reset();
        self.total.reset();
        for families in [
            &self.in_seconds,
            &self.in_bytes,
            &self.in_ratio,
            &self.in_value,
        ] {
            families.threshold.reset();
            families.limit.reset();
        }
    }

    fn set(&self, datum: &Datum) {
        let unit = Unit::of(&datum.unit);
        let value = unit.to_base(datum.value);
        let labels = [self.check.as_str(), &datum.label];
        let families = match unit.dimension {
            Dimension::Seconds => {
                self.seconds.with(labels).set(value);
                &self.in_seconds
            }
            Dimension::Bytes => {
                self.bytes.with(labels).set(value);
                &self.in_bytes
            }
            Dimension::Ratio => {
                self.ratio.with(labels).set(value);
                &self.in_ratio
            }
            Dimension::Total => {
                self.total.with(labels).set_total(value);
                &self.in_value
            }
            Dimension::Value => {
                self.value
                    .with([&self.check, &datum.label, &datum.unit])
                    .set(value);
                &self.in_value
            }
        };
        families.set(labels, datum, unit);
    }
}

impl Dimensional {
    fn new(context: &Context, unit: &str) -> Result<Self> {
        Ok(Self {
            threshold: context.gauges(
                &format!("nagios_perfdata_threshold_{unit}"),
                "A bound of the range outside which, or inside which, a check raises an alert.",
                ["check", "label", "level", "bound", "alert"],
            )?,
            limit: context.gauges(
                &format!("nagios_perfdata_limit_{unit}"),
                "The least or the most that a value can be.",
                ["check", "label", "limit"],
            )?,
        })
    }

    fn set(&self, [check, label]: [&str; 2], datum: &Datum, unit: Unit) {
        for (level, range) in [("warning", datum.warning), ("critical", datum.critical)] {
            let Some(range) = range else { continue };
            let alert = if range.is_inverted {
                "inside"
            } else {
                "outside"
            };
            for (bound, value) in finite_bounds(&range) {
                let series = self.threshold.with([check, label, level, bound, alert]);
                series.set(unit.to_base(value));
            }
        }
        for (limit, value) in [("min", datum.min), ("max", datum.max)] {
            if let Some(value) = value {
                self.limit
                    .with([check, label, limit])
                    .set(unit.to_base(value));
            }
        }
    }
}

/// The bounds of a range that there are.
fn finite_bounds(range: &Range) -> impl Iterator<Item = (&'static str, f64)> {
    let bounds = [("lower", range.lower), ("upper", range.upper)];
    bounds.into_iter().filter(|(_, value)| value.is_finite())
}

/// How many series an item takes.
fn cost(datum: &Datum) -> usize {
    let ranges = datum.warning.iter().chain(&datum.critical);
    let limits = datum.min.iter().chain(&datum.max);
    1 + ranges.flat_map(finite_bounds).count() + limits.count()
}
