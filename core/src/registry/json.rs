//! All samples as JSON: the array of `/api/metrics`.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    number,
    protobuf::integer,
    snapshot::{Sample, Selected, Value},
};

/// Writes a flat array of `{name, type, value, labels, timestamp, unit?}`.
///
/// `timestamp` is when the component delivered, in UTC with milliseconds. The `value` of a
/// histogram is the mean of its observations, 0 without any; beside it stand `count`, `sum` and
/// `buckets` of `{le, count}` (cumulative; the infinite bucket is `count`). A value that is not
/// finite is `null`, which arithmetic in jq bears, and `text` says which: `NaN`, `+Inf`, `-Inf`.
pub fn encode(selected: &Selected<'_>) -> Vec<u8> {
    let rows: Vec<Row<'_>> = selected
        .families()
        .flat_map(|family| {
            let samples = family.samples();
            samples.map(move |sample| Row::new(&family, &sample))
        })
        .collect();
    // Rows hold strings and numbers only, which always serialise.
    serde_json::to_vec(&rows).unwrap_or_else(|_| b"[]".to_vec())
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    r#type: &'static str,
    value: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'static str>,
    labels: Labels<'a>,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(flatten)]
    histogram: Option<Histogram>,
}

#[derive(Serialize)]
struct Histogram {
    count: u64,
    sum: Number,
    buckets: Vec<Bucket>,
}

#[derive(Serialize)]
struct Bucket {
    le: Number,
    count: u64,
}

impl<'a> Row<'a> {
    fn new(family: &super::FamilyView<'a>, sample: &Sample<'a>) -> Self {
        let (value, histogram) = match sample.value {
            Value::Number(value) => (value, None),
            Value::Histogram {
                bounds,
                counts,
                count,
                sum,
            } => {
                let mean = if count > 0.0 { sum / count } else { 0.0 };
                let buckets = bounds.iter().zip(counts).map(|(&bound, &count)| Bucket {
                    le: Number(bound),
                    count: integer(count),
                });
                let histogram = Histogram {
                    count: integer(count),
                    sum: Number(sum),
                    buckets: buckets.collect(),
                };
                (mean, Some(histogram))
            }
        };
        Self {
            name: family.name(),
            r#type: family.kind().as_str(),
            value: Number(value),
            text: number::special(value),
            labels: Labels(*sample),
            timestamp: humantime::format_rfc3339_millis(sample.time).to_string(),
            unit: family.unit(),
            histogram,
        }
    }
}

/// A number without a fraction has no decimal point.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match number::whole(self.0) {
            Some(whole) => serializer.serialize_i64(whole),
            // serde_json writes null for what is not finite.
            None => serializer.serialize_f64(self.0),
        }
    }
}

struct Labels<'a>(Sample<'a>);

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0.labels() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
