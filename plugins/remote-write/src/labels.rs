//! The labels of a sample, as they are sent.

use gaxx_sdk::{BatchFamily, BatchSeries, exposition};

use crate::protobuf::{delimited, number_length, write_bytes, write_number};

/// The label that bears the name of a metric.
const NAME: &str = "__name__";

/// The fields of `TimeSeries` and `Label`.
const LABELS: u8 = 1;
const LABEL_NAME: u8 = 1;
const LABEL_VALUE: u8 = 2;

/// Appends the labels of one sample of a series, as fields of a `TimeSeries`: sorted, each name once,
/// and none that is empty, as the specification asks.
pub(crate) fn encode(
    family: &BatchFamily<'_>,
    series: &BatchSeries<'_>,
    sample: &exposition::Sample,
    out: &mut Vec<u8>,
) {
    let name = format!("{}{}", family.name(), sample.suffix);
    let mut bound = String::new();
    if let Some(value) = sample.bound {
        exposition::write_number(value, &mut bound);
    }
    let own = [(NAME, name.as_str()), ("le", bound.as_str())];
    let mut labels: Vec<(&str, &str)> = own.into_iter().chain(series.labels()).collect();
    labels.retain(|(_, value)| !value.is_empty());
    // It keeps the order of those that are equal: our own go first.
    labels.sort_by_key(|(name, _)| *name);
    labels.dedup_by_key(|(name, _)| *name);
    for (name, value) in labels {
        let length = |text: &str| 1 + number_length(text.len() as u64) + text.len();
        out.push(delimited(LABELS));
        write_number((length(name) + length(value)) as u64, out);
        write_bytes(LABEL_NAME, name.as_bytes(), out);
        write_bytes(LABEL_VALUE, value.as_bytes(), out);
    }
}
