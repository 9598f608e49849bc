//! Versions of plugins.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A version with the order of <https://semver.org>: `1.4.0-rc.1` is older than `1.4.0`, and what
/// follows a `+` does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(semver::Version);

/// Why a text is not a [`Version`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; a version has three numbers, such as `1.4.0`")]
pub struct VersionError(String);

impl Version {
    /// Whether `self` came before `other`.
    #[must_use]
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.0.cmp_precedence(&other.0) == Ordering::Less
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        semver::Version::parse(text)
            .map(Self)
            .map_err(|error| VersionError(error.to_string()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "gaxx-version"})
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn older_is_what_semver_says() {
        let older = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|text| text.parse::<Version>().unwrap());
            a.is_older_than(&b)
        };
        assert!(older("1.9.0", "1.10.0"));
        assert!(older("1.4.0-rc.1", "1.4.0"));
        assert!(!older("1.4.0", "1.4.0"));
        assert!(!older("1.4.0+a", "1.4.0+b") && !older("1.4.0+b", "1.4.0+a"));
        assert!(!older("2.0.0", "1.99.99"));
    }

    #[test]
    fn what_has_no_three_numbers_is_no_version() {
        for text in ["", "1", "1.4", "v1.4.0", "1.4.0.1", "latest"] {
            let error = text.parse::<Version>().unwrap_err().to_string();
            assert!(error.contains("1.4.0"), "{text}: {error}");
        }
    }
}
