//! What is logged.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use tracing_subscriber::EnvFilter;

/// A level (`off`, `error`, `warn`, `info`, `debug`, `trace`) or a filter of tracing's, such as
/// `info,gaxx_core::http=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

/// Why a text is not a [`LogFilter`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a level nor `target=level`")]
pub struct LogFilterError(String);

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

impl LogFilter {
    /// The filter as tracing takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = LogFilterError;

    fn from_str(text: &str) -> Result<Self, LogFilterError> {
        for directive in text.split(',') {
            let directive = directive.trim();
            // Tracing takes a word that is no level as the name of a module, so that a misspelt
            // level would switch the log off.
            let level = LEVELS
                .iter()
                .any(|level| level.eq_ignore_ascii_case(directive));
            let readable =
                level || (directive.contains('=') && EnvFilter::builder().parse(directive).is_ok());
            if !readable {
                return Err(LogFilterError(directive.escape_debug().to_string()));
            }
        }
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for LogFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for LogFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for LogFilter {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "LogFilter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "gaxx-log-filter", "examples": LEVELS})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_refused() {
        for right in [
            "info",
            "OFF",
            "warn,gaxx_core::http=debug",
            "gaxx_core=trace",
        ] {
            assert!(right.parse::<LogFilter>().is_ok(), "{right}");
        }
        for wrong in ["", "inof", "info,", "a=b", "http", "=["] {
            assert!(wrong.parse::<LogFilter>().is_err(), "{wrong}");
        }
    }
}
