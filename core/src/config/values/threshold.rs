//! How many out of a number are too many.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A count (`3`) or a share (`50%`); reached when at least so many are affected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// At least so many; 1 or more.
    Count(u64),
    /// At least this percentage of all; above 0, at most 100.
    Percent(f64),
}

/// Why a text or number is not a [`Threshold`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a count from 1, and not a percentage above 0% up to 100%")]
pub struct ThresholdError;

impl Threshold {
    /// Whether `affected` out of `all` reach this threshold. None affected never reaches it.
    #[must_use]
    pub fn reached(self, affected: u64, all: u64) -> bool {
        affected > 0
            && match self {
                Self::Count(count) => affected >= count,
                Self::Percent(percent) => affected as f64 * 100.0 >= percent * all as f64,
            }
    }

    /// Whether this is reached later than `other`, if that is the same for every total.
    pub(crate) fn exceeds(self, other: Self) -> bool {
        match (self, other) {
            (Self::Count(own), Self::Count(other)) => own > other,
            (Self::Percent(own), Self::Percent(other)) => own > other,
            _ => false,
        }
    }
}

impl TryFrom<u64> for Threshold {
    type Error = ThresholdError;

    fn try_from(count: u64) -> Result<Self, ThresholdError> {
        (count > 0)
            .then_some(Self::Count(count))
            .ok_or(ThresholdError)
    }
}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let text = text.trim();
        match text.strip_suffix('%') {
            Some(number) => number
                .trim_end()
                .parse::<f64>()
                .ok()
                .filter(|percent| *percent > 0.0 && *percent <= 100.0)
                .map(Self::Percent)
                .ok_or(ThresholdError),
            None => text.parse::<u64>().map_err(|_| ThresholdError)?.try_into(),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Threshold;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count such as `3`, or a percentage such as `50%`")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Threshold, E> {
                count.try_into().map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Threshold, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Threshold {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Threshold".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "format": "gaxx-threshold", "minimum": 1})
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_and_shares() {
        let half: Threshold = "50%".parse().unwrap();
        assert!(half.reached(2, 4) && half.reached(3, 4) && !half.reached(1, 4));
        assert!(!half.reached(0, 0));
        let two: Threshold = serde_yaml::from_str("2").unwrap();
        assert!(two.reached(2, 100) && !two.reached(1, 1));
        for wrong in ["0", "-1", "0%", "101%", "nan%", "inf%", "", "%", "half"] {
            assert_eq!(wrong.parse::<Threshold>(), Err(ThresholdError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(percent in 0.001f64..=100.0, count in 1u64..) {
            for threshold in [Threshold::Percent(percent), Threshold::Count(count)] {
                prop_assert_eq!(threshold.to_string().parse(), Ok(threshold));
            }
        }
    }
}
