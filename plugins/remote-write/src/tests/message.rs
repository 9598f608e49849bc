//! The messages, as the specification writes them, read by another library than the code under test.

use std::collections::BTreeMap;

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(super) struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    pub(super) timeseries: Vec<TimeSeries>,
    #[prost(message, repeated, tag = "3")]
    pub(super) metadata: Vec<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    pub(super) labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    pub(super) samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Label {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Sample {
    #[prost(double, tag = "1")]
    pub(super) value: f64,
    #[prost(int64, tag = "2")]
    pub(super) timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Metadata {
    #[prost(int32, tag = "1")]
    pub(super) kind: i32,
    #[prost(string, tag = "2")]
    pub(super) family: String,
    #[prost(string, tag = "4")]
    pub(super) help: String,
    #[prost(string, tag = "5")]
    pub(super) unit: String,
}

impl WriteRequest {
    /// Reads a body, and holds it to what the specification demands.
    pub(super) fn read(body: &[u8]) -> Self {
        let message = snap::raw::Decoder::new().decompress_vec(body).unwrap();
        let request = Self::decode(&*message).unwrap();
        for series in &request.timeseries {
            let names: Vec<_> = series.labels.iter().map(|label| &label.name).collect();
            assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
            assert!(names.iter().any(|name| *name == "__name__"));
            assert!(series.labels.iter().all(|label| !label.value.is_empty()));
            assert_eq!(series.samples.len(), 1);
        }
        request
    }

    /// The values' bits and timestamps of all series, by name and labels as people write them.
    pub(super) fn samples(&self) -> BTreeMap<String, (u64, i64)> {
        let samples = self.timeseries.iter().map(|series| {
            let labels = series.labels.iter();
            let labels: Vec<_> = labels
                .map(|label| match label.name.as_str() {
                    "__name__" => label.value.clone(),
                    name => format!("{name}={}", label.value),
                })
                .collect();
            let sample = &series.samples[0];
            (labels.join(" "), (sample.value.to_bits(), sample.timestamp))
        });
        let all: BTreeMap<_, _> = samples.collect();
        assert_eq!(all.len(), self.timeseries.len(), "a series is there twice");
        all
    }
}
