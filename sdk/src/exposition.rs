//! Samples, names and numbers as Prometheus' formats have them, for exporters that write one of them.
//!
//! What is written with these is the same series, under the same labels, as a scrape of gaxx-mon
//! gives.

use crate::Value;

/// One of the samples that a series is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// What follows the family's name: empty, `_bucket`, `_sum` or `_count`.
    pub suffix: &'static str,
    /// The upper bound of a bucket, the value of its label `le`.
    pub bound: Option<f64>,
    /// Its value.
    pub value: f64,
}

/// The samples of a value in their order: one, or those of a histogram, which are its buckets, the
/// infinite one last, `_sum` and `_count`.
///
/// ```
/// use gaxx_sdk::{Value, exposition};
///
/// let samples: Vec<_> = exposition::samples(Value::Gauge(0.5)).collect();
/// assert_eq!((samples[0].suffix, samples[0].value), ("", 0.5));
/// ```
pub fn samples(value: Value<'_>) -> impl Iterator<Item = Sample> {
    let (plain, buckets, totals) = match value {
        Value::Counter(value) | Value::Gauge(value) => (Some(value), None, None),
        Value::Histogram {
            bounds,
            cumulative,
            count,
            sum,
        } => {
            let counts = cumulative.iter().map(|point| point.value);
            let finite = bounds.iter().copied().zip(counts);
            let buckets = finite.chain([(f64::INFINITY, count)]);
            (
                None,
                Some(buckets),
                Some([("_sum", sum), ("_count", count)]),
            )
        }
    };
    let sample = |suffix, bound, value| Sample {
        suffix,
        bound,
        value,
    };
    let plain = plain.map(move |value| sample("", None, value));
    let buckets = buckets.into_iter().flatten();
    let buckets = buckets.map(move |(bound, count)| sample("_bucket", Some(bound), count));
    let totals = totals.into_iter().flatten();
    let totals = totals.map(move |(suffix, value)| sample(suffix, None, value));
    plain.into_iter().chain(buckets).chain(totals)
}

/// Appends the shortest text that reads back as the same number, or `+Inf`, `-Inf`, `NaN`.
///
/// ```
/// # use gaxx_sdk::exposition::write_number;
/// let mut text = String::new();
/// write_number(0.25, &mut text);
/// write_number(f64::INFINITY, &mut text);
/// assert_eq!(text, "0.25+Inf");
/// ```
pub fn write_number(value: f64, out: &mut String) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(value);
        out.push_str(text.strip_suffix(".0").unwrap_or(text));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_abi::Point;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_histogram_is_its_buckets_its_sum_and_its_count() {
        let cumulative = [Point::new(4, 1.0), Point::new(5, 3.0)];
        let histogram = Value::Histogram {
            bounds: &[0.5, 2.0],
            cumulative: &cumulative,
            count: 4.0,
            sum: 9.5,
        };
        let samples = samples(histogram).map(|it| (it.suffix, it.bound, it.value));
        assert_eq!(
            samples.collect::<Vec<_>>(),
            [
                ("_bucket", Some(0.5), 1.0),
                ("_bucket", Some(2.0), 3.0),
                ("_bucket", Some(f64::INFINITY), 4.0),
                ("_sum", None, 9.5),
                ("_count", None, 4.0),
            ]
        );
    }

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (5e-5, "0.00005"),
            (1e300, "1e300"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            let mut text = String::new();
            write_number(value, &mut text);
            assert_eq!(text, expected);
        }
    }

    proptest! {
        #[test]
        fn a_number_reads_back(value in any::<f64>()) {
            let mut text = String::new();
            write_number(value, &mut text);
            let read: f64 = text.parse().unwrap();
            prop_assert!(read.to_bits() == value.to_bits() || value.is_nan() && read.is_nan());
        }
    }
}
