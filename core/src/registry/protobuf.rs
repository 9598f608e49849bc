//! The scrape as `io.prometheus.client.MetricFamily` messages, each with its length in front.

use prometheus::{Encoder as _, ProtobufEncoder, proto};

use super::{
    Kind,
    snapshot::{FamilyView, Sample, Selected, Value},
};

/// The `Content-Type` of this format.
pub const CONTENT_TYPE: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// Writes the same samples as the text, in the same order.
///
/// Fails only where a message grows over 2 GiB.
pub fn encode(selected: &Selected<'_>) -> Result<Vec<u8>, prometheus::Error> {
    let mut out = Vec::new();
    for family in selected.families() {
        ProtobufEncoder::new().encode(&[message(&family)], &mut out)?;
    }
    Ok(out)
}

/// A family as a message.
fn message(family: &FamilyView<'_>) -> proto::MetricFamily {
    let mut message = proto::MetricFamily::default();
    message.set_name(family.name().to_owned());
    message.set_help(family.help().to_owned());
    message.set_field_type(match family.kind() {
        Kind::Counter => proto::MetricType::COUNTER,
        Kind::Gauge => proto::MetricType::GAUGE,
        Kind::Histogram => proto::MetricType::HISTOGRAM,
    });
    message.set_metric(
        family
            .samples()
            .map(|sample| metric(family.kind(), &sample))
            .collect(),
    );
    message
}

fn metric(kind: Kind, sample: &Sample<'_>) -> proto::Metric {
    let labels = sample.labels().map(|(name, value)| pair(name, value));
    let mut metric = proto::Metric::from_label(labels.collect());
    match sample.value {
        Value::Number(value) if kind == Kind::Counter => {
            let mut counter = proto::Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        }
        Value::Number(value) => {
            let mut gauge = proto::Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        Value::Histogram {
            bounds,
            counts,
            count,
            sum,
        } => {
            let buckets = bounds.iter().zip(counts).map(|(&bound, &count)| {
                let mut bucket = proto::Bucket::default();
                bucket.set_upper_bound(bound);
                bucket.set_cumulative_count(integer(count));
                bucket
            });
            let mut histogram = proto::Histogram::default();
            histogram.set_bucket(buckets.collect());
            histogram.set_sample_count(integer(count));
            histogram.set_sample_sum(sum);
            metric.set_histogram(histogram);
        }
    }
    metric
}

/// A label as a message.
pub(super) fn pair(name: &str, value: &str) -> proto::LabelPair {
    let mut pair = proto::LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

/// A count as an integer. A table holds only whole, non-negative ones; over 2^64 it saturates.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn integer(count: f64) -> u64 {
    count as u64
}
