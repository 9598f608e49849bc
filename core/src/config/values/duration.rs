//! Spans of time as people write them: `30s`, `5m`, `1h 30m`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A span of time from [`Duration::MIN`] to [`Duration::MAX`], written with its unit: `30s`.
///
/// Zero is refused everywhere: as an interval it would never rest, as a deadline nothing could
/// meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(std::time::Duration);

/// Why a text or number is not a [`Duration`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Does not consist of numbers with units.
    #[error("not a number with a unit")]
    Unreadable,
    /// A number without a unit.
    #[error("the unit is missing")]
    NoUnit,
    /// A unit that is not known.
    #[error("unknown unit `{0}`; known are ms, s, m, h, d, w")]
    Unit(String),
    /// Shorter than [`Duration::MIN`].
    #[error("shorter than 1ms")]
    TooShort,
    /// Longer than [`Duration::MAX`].
    #[error("longer than 365 days")]
    TooLong,
}

impl Duration {
    /// The shortest span a setting can hold: 1 ms.
    pub const MIN: Self = Self(std::time::Duration::from_millis(1));
    /// The longest span a setting can hold: 365 days. Adding it to a clock never overflows.
    pub const MAX: Self = Self(std::time::Duration::from_secs(MAX_SECONDS));

    /// A span of whole seconds, for defaults; `seconds` is brought into the allowed range.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        match seconds {
            0 => Self::MIN,
            MAX_SECONDS.. => Self::MAX,
            _ => Self(std::time::Duration::from_secs(seconds)),
        }
    }

    /// A span of milliseconds, for defaults; `milliseconds` is brought into the allowed range.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        match milliseconds {
            0 => Self::MIN,
            1..60_000 => Self(std::time::Duration::from_millis(milliseconds)),
            _ => Self::from_secs(milliseconds / 1000),
        }
    }

    /// The span as the standard library's type.
    #[must_use]
    pub const fn get(self) -> std::time::Duration {
        self.0
    }
}

const MAX_SECONDS: u64 = 365 * 24 * 60 * 60;

impl TryFrom<std::time::Duration> for Duration {
    type Error = DurationError;

    fn try_from(span: std::time::Duration) -> Result<Self, DurationError> {
        if span < Self::MIN.0 {
            Err(DurationError::TooShort)
        } else if span > Self::MAX.0 {
            Err(DurationError::TooLong)
        } else {
            Ok(Self(span))
        }
    }
}

impl From<Duration> for std::time::Duration {
    fn from(duration: Duration) -> Self {
        duration.0
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        DurationError::parse(text)?.try_into()
    }
}

impl DurationError {
    /// Reads a span of any length.
    pub(crate) fn parse(text: &str) -> Result<std::time::Duration, Self> {
        use humantime::DurationError as Error;
        humantime::parse_duration(text).map_err(|error| match error {
            Error::UnknownUnit { unit, .. } if unit.is_empty() => Self::NoUnit,
            Error::UnknownUnit { unit, .. } => Self::Unit(unit),
            Error::NumberOverflow => Self::TooLong,
            Error::InvalidCharacter(_) | Error::NumberExpected(_) | Error::Empty => {
                Self::Unreadable
            }
        })
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "gaxx-interval"})
    }
}

/// A [`Duration`] that may also be written as a bare number of seconds.
///
/// Only the keys that had bare numbers before durations existed use it.
pub(crate) mod seconds_or_text {
    use super::{
        Cow, Deserializer, Duration, JsonSchema, MAX_SECONDS, Schema, SchemaGenerator, Serialize,
        Serializer, de, fmt, json_schema,
    };

    /// Writes the duration as text.
    pub(crate) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration.serialize(serializer)
    }

    /// Reads text with a unit, or a number of seconds.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        deserializer.deserialize_any(Visitor)
    }

    struct Visitor;

    impl de::Visitor<'_> for Visitor {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration such as `30s`, or a number of seconds")
        }

        fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Duration, E> {
            std::time::Duration::from_secs(seconds)
                .try_into()
                .map_err(E::custom)
        }

        fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Duration, E> {
            u64::try_from(seconds)
                .map_err(|_| E::custom(super::DurationError::TooShort))
                .and_then(|seconds| self.visit_u64(seconds))
        }

        fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Duration, E> {
            std::time::Duration::try_from_secs_f64(seconds)
                .map_err(E::custom)?
                .try_into()
                .map_err(E::custom)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            text.parse().map_err(E::custom)
        }
    }

    /// The schema of such a value.
    pub(crate) struct SecondsOrText;

    impl JsonSchema for SecondsOrText {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            "SecondsOrText".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": ["string", "number"],
                "format": "gaxx-interval",
                "minimum": 0.001,
                "maximum": MAX_SECONDS,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_units_and_refuses_the_rest() {
        assert_eq!("1h 30m".parse(), Ok(Duration::from_secs(5400)));
        assert_eq!("0s".parse::<Duration>(), Err(DurationError::TooShort));
        assert_eq!("366d".parse::<Duration>(), Err(DurationError::TooLong));
        assert_eq!("5".parse::<Duration>(), Err(DurationError::NoUnit));
        assert_eq!(
            "5 parsecs".parse::<Duration>(),
            Err(DurationError::Unit("parsecs".into()))
        );
        assert_eq!(
            "99999999999999999999s".parse::<Duration>(),
            Err(DurationError::TooLong)
        );
        for wrong in ["", "-1s", "nan", "s5"] {
            assert_eq!(
                wrong.parse::<Duration>(),
                Err(DurationError::Unreadable),
                "{wrong}"
            );
        }
    }

    #[test]
    fn bare_seconds_are_read_where_allowed() {
        let read =
            |text: &str| seconds_or_text::deserialize(serde_yaml::Deserializer::from_str(text));
        assert_eq!(read("30").unwrap(), Duration::from_secs(30));
        assert_eq!(read("1m").unwrap(), Duration::from_secs(60));
        assert_eq!(read("0.5").unwrap().get().as_millis(), 500);
        for wrong in ["0", "-1", ".nan", ".inf", "1e300", "18446744073709551615"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(serde_yaml::from_str::<Duration>("30").is_err());
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(millis in 1u64..MAX_SECONDS * 1000) {
            let duration = Duration::try_from(std::time::Duration::from_millis(millis)).unwrap();
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            if let Ok(duration) = text.parse::<Duration>() {
                prop_assert!((Duration::MIN..=Duration::MAX).contains(&duration));
            }
        }
    }
}
