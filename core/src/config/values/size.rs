//! Amounts of bytes as people write them: `64MiB`, `10kB`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount of bytes from 1 to [`Size::MAX`], written with its unit (`64MiB`) or as a bare
/// number of bytes.
///
/// Units are `B`, `kB`, `MB`, `GB`, `TB` (powers of 1000) and `KiB`, `MiB`, `GiB`, `TiB`
/// (powers of 1024), in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

/// Why a text or number is not a [`Size`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Does not begin with a whole number.
    #[error("does not begin with a whole number")]
    Unreadable,
    /// A unit that is not known, or could mean two things, such as `M`.
    #[error("unknown unit `{0}`; known are B, kB, MB, GB, TB, KiB, MiB, GiB, TiB")]
    Unit(String),
    /// Zero.
    #[error("smaller than 1 byte")]
    TooSmall,
    /// More than [`Size::MAX`].
    #[error("larger than 8 EiB")]
    TooLarge,
}

impl Size {
    /// The largest amount a setting can hold: one byte less than 8 EiB.
    pub const MAX: Self = Self(i64::MAX.unsigned_abs());

    /// So many kibibytes, at least 1 and at most [`Size::MAX`], for defaults.
    #[must_use]
    pub const fn kib(count: u64) -> Self {
        let bytes = count.saturating_mul(1024);
        if bytes == 0 {
            Self(1)
        } else if bytes > Self::MAX.0 {
            Self::MAX
        } else {
            Self(bytes)
        }
    }

    /// So many mebibytes, at least 1 byte and at most [`Size::MAX`], for defaults.
    #[must_use]
    pub const fn mib(count: u64) -> Self {
        Self::kib(count.saturating_mul(1024))
    }

    /// The amount in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// Each unit with its bytes; what is shown uses the first that divides evenly.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl TryFrom<u64> for Size {
    type Error = SizeError;

    fn try_from(bytes: u64) -> Result<Self, SizeError> {
        match bytes {
            0 => Err(SizeError::TooSmall),
            bytes if bytes > Self::MAX.0 => Err(SizeError::TooLarge),
            bytes => Ok(Self(bytes)),
        }
    }
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(SizeError::Unreadable);
        }
        let unit = unit.trim_start();
        let scale = UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
            .map(|(_, scale)| *scale)
            .or(unit.is_empty().then_some(1))
            .ok_or_else(|| SizeError::Unit(unit.to_owned()))?;
        // Only digits are left, so a number that does not parse is too large.
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(scale))
            .ok_or(SizeError::TooLarge)?
            .try_into()
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, scale) = UNITS
            .iter()
            .find(|(_, scale)| self.0.is_multiple_of(*scale))
            .unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / scale)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as `64MiB`, or a number of bytes")
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Size, E> {
                bytes.try_into().map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "format": "gaxx-size",
            "minimum": 1,
            "maximum": Size::MAX.0,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_units_and_refuses_the_rest() {
        assert_eq!("64MiB".parse(), Ok(Size::mib(64)));
        assert_eq!("10 kb".parse(), Ok(Size(10_000)));
        assert_eq!("512".parse(), Ok(Size(512)));
        assert_eq!("64M".parse::<Size>(), Err(SizeError::Unit("M".into())));
        assert_eq!("0B".parse::<Size>(), Err(SizeError::TooSmall));
        for unreadable in ["", "-1kB", "x", "MiB", ".5MB"] {
            assert_eq!(
                unreadable.parse::<Size>(),
                Err(SizeError::Unreadable),
                "{unreadable}"
            );
        }
        for large in [
            "99999999999999999999",
            "18446744073709551615B",
            "9999999TiB",
        ] {
            assert_eq!(large.parse::<Size>(), Err(SizeError::TooLarge), "{large}");
        }
    }

    #[test]
    fn bare_numbers_are_bytes() {
        assert_eq!(serde_yaml::from_str::<Size>("4096").unwrap(), Size::kib(4));
        for wrong in ["0", "-5", "1.5", ".nan", "true"] {
            assert!(serde_yaml::from_str::<Size>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(bytes in 1..Size::MAX.0) {
            let size = Size(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            if let Ok(size) = text.parse::<Size>() {
                prop_assert!(size.bytes() > 0);
            }
        }
    }
}
