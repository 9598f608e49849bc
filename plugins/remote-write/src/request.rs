//! A request: the message `WriteRequest`, compressed.

use gaxx_sdk::{BatchFamily, Explain, Result};
use snap::raw::{Encoder, max_compress_len};

use crate::protobuf::{delimited, fixed, number, number_length, write_bytes, write_number};

/// The fields of `WriteRequest`.
const TIMESERIES: u8 = 1;
const METADATA: u8 = 3;
/// The field of `TimeSeries` beside its labels, and those of `Sample`.
const SAMPLES: u8 = 2;
const VALUE: u8 = 1;
const TIMESTAMP: u8 = 2;
/// The fields of `MetricMetadata`.
const TYPE: u8 = 1;
const FAMILY: u8 = 2;
const HELP: u8 = 4;
const UNIT: u8 = 5;

/// A request that is put together. Its memory serves for one after the other.
pub(crate) struct Request {
    message: Vec<u8>,
    samples: usize,
    /// The timestamp of all samples, as the end of a `Sample`.
    timestamp: Vec<u8>,
    encoder: Encoder,
    compressed: Vec<u8>,
}

impl Request {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            message: Vec::new(),
            samples: 0,
            timestamp: Vec::new(),
            encoder: Encoder::new(),
            compressed: Vec::new(),
        }
    }

    /// Begins anew, for samples of this time, in milliseconds since the Unix epoch.
    pub(crate) fn begin(&mut self, unix_millis: u64) {
        self.clear();
        self.timestamp.clear();
        self.timestamp.push(number(TIMESTAMP));
        write_number(unix_millis, &mut self.timestamp);
    }

    /// Empties it.
    pub(crate) fn clear(&mut self) {
        self.message.clear();
        self.samples = 0;
    }

    /// How many samples are in it.
    pub(crate) fn samples(&self) -> usize {
        self.samples
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.message.is_empty()
    }

    /// Adds a sample under these labels, which are fields already.
    pub(crate) fn sample(&mut self, labels: &[u8], value: f64) {
        let sample = 1 + size_of::<f64>() + self.timestamp.len();
        let series = labels.len() + 1 + number_length(sample as u64) + sample;
        let out = &mut self.message;
        out.push(delimited(TIMESERIES));
        write_number(series as u64, out);
        out.extend_from_slice(labels);
        out.push(delimited(SAMPLES));
        write_number(sample as u64, out);
        out.push(fixed(VALUE));
        out.extend_from_slice(&value.to_le_bytes());
        out.extend_from_slice(&self.timestamp);
        self.samples += 1;
    }

    /// Adds type, help and unit of a family.
    pub(crate) fn metadata(&mut self, family: &BatchFamily<'_>) {
        let kind = match family.kind() {
            "counter" => 1,
            "gauge" => 2,
            "histogram" => 3,
            _ => 0,
        };
        let mut metadata = vec![number(TYPE), kind];
        let texts = [
            (FAMILY, family.name()),
            (HELP, family.help()),
            (UNIT, family.unit()),
        ];
        for (field, text) in texts {
            write_bytes(field, text.as_bytes(), &mut metadata);
        }
        write_bytes(METADATA, &metadata, &mut self.message);
    }

    /// The request as it is sent.
    pub(crate) fn compressed(&mut self) -> Result<&[u8]> {
        let most = max_compress_len(self.message.len());
        if self.compressed.len() < most {
            self.compressed.resize(most, 0);
        }
        let length = self.encoder.compress(&self.message, &mut self.compressed);
        let length = length.explain(|| "the request cannot be compressed".to_owned())?;
        Ok(&self.compressed[..length])
    }
}
