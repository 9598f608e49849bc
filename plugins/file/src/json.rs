//! Series as lines of JSON, in the form of the rows of `/api/metrics`.

use std::time::{Duration, UNIX_EPOCH};

use gaxx_sdk::{Batch, BatchFamily, BatchSeries, Value, exposition, serde_json};

/// Before the time in each line.
const BEFORE_TIME: &str = "{\"timestamp\":\"";

/// The beginning of each line of the batch of this time, and of no other batch.
pub(crate) fn beginning(unix_nanos: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_nanos(unix_nanos);
    format!("{BEFORE_TIME}{}\",", humantime::format_rfc3339_nanos(time))
}

/// The time of the line that begins like this, in nanoseconds since the Unix epoch; nothing where
/// that is none of ours.
pub(crate) fn time_of(line: &[u8]) -> Option<u64> {
    let text = line.strip_prefix(BEFORE_TIME.as_bytes())?;
    let end = text.iter().position(|byte| *byte == b'"')?;
    let time = humantime::parse_rfc3339(str::from_utf8(&text[..end]).ok()?).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// Whether a file that begins like this is one of ours, as far as can be seen: a crash may have left a
/// piece of a line, or room that was never filled.
pub(crate) fn is_beginning(bytes: &[u8]) -> bool {
    let mut both = bytes.iter().zip(BEFORE_TIME.as_bytes());
    both.all(|(one, other)| one == other) || bytes.iter().all(|byte| *byte == 0)
}

/// A line for each series.
pub(crate) fn lines(batch: &Batch<'_>) -> String {
    let beginning = beginning(batch.unix_nanos());
    let mut out = String::new();
    for family in batch.families() {
        for series in family.series() {
            out.push_str(&beginning);
            line(&family, &series, &mut out);
            out.push_str("}\n");
        }
    }
    out
}

fn line(family: &BatchFamily<'_>, series: &BatchSeries<'_>, out: &mut String) {
    key("name", out);
    text(family.name(), out);
    out.push_str(",\"type\":\"");
    out.push_str(family.kind());
    out.push_str("\",\"value\":");
    let value = match series.value {
        Value::Counter(value) | Value::Gauge(value) => value,
        Value::Histogram { count, sum, .. } if count > 0.0 => sum / count,
        Value::Histogram { .. } => 0.0,
    };
    number(value, out);
    if !value.is_finite() {
        out.push_str(",\"text\":\"");
        exposition::write_number(value, out);
        out.push('"');
    }
    out.push_str(",\"labels\":{");
    for (at, (name, value)) in series.labels().enumerate() {
        if at > 0 {
            out.push(',');
        }
        text(name, out);
        out.push(':');
        text(value, out);
    }
    out.push('}');
    if !family.unit().is_empty() {
        out.push(',');
        key("unit", out);
        text(family.unit(), out);
    }
    if let Value::Histogram {
        bounds,
        cumulative,
        count,
        sum,
    } = series.value
    {
        out.push(',');
        key("count", out);
        number(count, out);
        out.push(',');
        key("sum", out);
        number(sum, out);
        out.push(',');
        key("buckets", out);
        out.push('[');
        for (at, (bound, point)) in bounds.iter().zip(cumulative).enumerate() {
            out.push_str(if at > 0 { ",{\"le\":" } else { "{\"le\":" });
            number(*bound, out);
            out.push(',');
            key("count", out);
            number(point.value, out);
            out.push('}');
        }
        out.push(']');
    }
}

fn key(name: &str, out: &mut String) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
}

fn text(text: &str, out: &mut String) {
    // A string always serialises.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// JSON has no word for what is not finite.
fn number(value: f64, out: &mut String) {
    if value.is_finite() {
        exposition::write_number(value, out);
    } else {
        out.push_str("null");
    }
}

#[cfg(test)]
mod tests {
    use gaxx_sdk::testing::Measurements;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_tells_its_time() {
        let beginning = beginning(Measurements::UNIX_NANOS + 5);
        assert_eq!(
            beginning,
            "{\"timestamp\":\"2001-09-09T01:46:40.000000005Z\","
        );
        for wrong in [
            "",
            "{\"timestamp\":\"2001",
            "{\"timestamp\":\"x\"",
            "root:x:0",
        ] {
            assert_eq!(time_of(wrong.as_bytes()), None, "{wrong}");
        }
    }

    proptest! {
        // Up to the year 2554; RFC 3339 knows more, and 64 bits do not.
        #[test]
        fn every_time_is_read_again(nanos: u64) {
            prop_assert_eq!(time_of(beginning(nanos).as_bytes()), Some(nanos));
        }

        #[test]
        fn any_bytes_are_a_time_or_not(bytes: Vec<u8>, own: bool) {
            let before = if own { BEFORE_TIME.as_bytes() } else { &[] };
            let _ = time_of(&[before, &bytes].concat());
        }
    }
}
