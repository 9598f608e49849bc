//! What was measured, by selector.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Deadline, Host, Result, error::answer};

/// A series that was selected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selected {
    /// Its name, with `_bucket`, `_count` or `_sum` behind that of a histogram.
    pub name: String,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Its value, as it was measured last.
    #[serde(with = "number")]
    pub value: f64,
    /// `counter` for what only grows, buckets and counts of histograms included; else `gauge`.
    pub kind: String,
}

impl Host {
    /// The series that a selector takes, in the manner of Prometheus:
    /// `name{label="value",other!="value",third=~"regex",fourth!~"regex"}`. They are as components
    /// delivered them last, at most a second ago.
    ///
    /// # Errors
    ///
    /// Of kind [`Permanent`](crate::ErrorKind::Permanent) where the selector cannot be read,
    /// [`Refused`](crate::ErrorKind::Refused) from a host older than ABI 1.4.
    pub fn select(&self, selector: &str, deadline: Deadline) -> Result<Vec<Selected>> {
        let told = answer(self.0.select(selector.into(), deadline.as_nanos()))?;
        Ok(serde_json::from_slice(&told)?)
    }
}

/// Numbers, where JSON has none for all.
mod number {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        Number(f64),
        Text(String),
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        match value {
            value if value.is_finite() => value.serialize(to),
            value if value.is_nan() => "NaN".serialize(to),
            value if *value > 0.0 => "+Inf".serialize(to),
            _ => "-Inf".serialize(to),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        match Told::deserialize(from)? {
            Told::Number(value) => Ok(value),
            Told::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;
    use crate::testing::{Conditions, Facility};

    fn series(value: f64) -> Selected {
        Selected {
            name: "a".to_owned(),
            labels: [("b".to_owned(), "c".to_owned())].into(),
            value,
            kind: "gauge".to_owned(),
        }
    }

    #[test]
    fn every_value_passes() {
        let values = [1.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.0].map(series);
        let host = Conditions::default().selects("a", values.to_vec()).host();
        let soon = || Deadline::after(Duration::from_secs(1));
        let told = host.select("a", soon()).unwrap();
        // NaN is not itself.
        assert_eq!(format!("{told:?}"), format!("{values:?}"));
        assert_eq!(host.select("b", soon()).unwrap(), []);
        let host = Conditions::default().refusing(Facility::Select).host();
        assert!(host.select("a", soon()).is_err());
    }
}
