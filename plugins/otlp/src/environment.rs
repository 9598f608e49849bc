//! The variables of OpenTelemetry.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>

use std::{collections::BTreeMap, env};

use percent_encoding::percent_decode_str;

/// The variables of OpenTelemetry that are set. An empty one counts as not set.
#[derive(Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process. What is not text is passed over.
    pub(crate) fn of_the_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let own = |(name, value): &(String, String)| {
            name.starts_with("OTEL_") && !value.trim().is_empty()
        };
        Self(env::vars_os().filter_map(text).filter(own).collect())
    }

    #[cfg(test)]
    pub(crate) fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(owned.into_iter().collect())
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim())
    }

    /// The value of an option of the exporter: that for metrics alone goes before that for all, whose
    /// name ends the same.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.get(&format!("OTEL_EXPORTER_OTLP_METRICS_{name}"))
            .or_else(|| self.get(&format!("OTEL_EXPORTER_OTLP_{name}")))
    }
}

/// The pairs of `KEY=VALUE,KEY=VALUE`, in which anything may be percent-encoded; the first that is
/// none, where there is one.
pub(crate) fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let entries = text.split(',').map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty());
    let pair = |entry: &str| {
        let (key, value) = entry.split_once('=')?;
        let plain = |text: &str| {
            let plain = percent_decode_str(text.trim()).decode_utf8().ok()?;
            Some(plain.into_owned())
        };
        Some((plain(key).filter(|key| !key.is_empty())?, plain(value)?))
    };
    entries
        .map(|entry| pair(entry).ok_or_else(|| entry.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_may_be_encoded() {
        let read = pairs(" a = 1 ,b=x%2Cy%3D,, c=").unwrap();
        let read: Vec<_> = read.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(read, [("a", "1"), ("b", "x,y="), ("c", "")]);
        for none in ["a", "=1", "a=%FF"] {
            assert_eq!(pairs(none), Err(none.to_owned()));
        }
    }

    #[test]
    fn what_is_for_metrics_goes_before_what_is_for_all() {
        let all = Environment::of([("OTEL_EXPORTER_OTLP_TIMEOUT", "1")]);
        assert_eq!(all.option("TIMEOUT"), Some("1"));
        let both = Environment::of([
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"),
            ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", " 2 "),
        ]);
        assert_eq!(both.option("TIMEOUT"), Some("2"));
        assert_eq!(both.option("HEADERS"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_pairs_or_not(text: String) {
            let _ = pairs(&text);
        }
    }
}
