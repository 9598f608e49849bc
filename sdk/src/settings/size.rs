//! Amounts of bytes as people write them: `64MiB`, `10kB`.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Error;

/// An amount of bytes from 1 to [`Size::MAX`], written with its unit (`64MiB`) or as a bare number
/// of bytes.
///
/// Units are `B`, `kB`, `MB`, `GB`, `TB` (powers of 1000) and `KiB`, `MiB`, `GiB`, `TiB` (powers of
/// 1024), in any case; the keys of gaxx-mon itself are read alike.
///
/// ```
/// use gaxx_sdk::prelude::*;
///
/// #[settings]
/// struct Settings {
///     /// How much of the file is read.
///     #[default(Size::mib(1))]
///     at_most: Size,
/// }
///
/// assert_eq!(Settings::default().at_most.bytes(), 1_048_576);
/// assert_eq!("64 kB".parse::<Size>()?.to_string(), "64kB");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

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

impl Size {
    /// The largest amount that a setting can hold: one byte less than 8 EiB.
    pub const MAX: Self = Self(i64::MAX.unsigned_abs());

    /// So many kibibytes, at least one byte and at most [`Size::MAX`]; for defaults.
    #[must_use]
    pub const fn kib(count: u64) -> Self {
        match count.saturating_mul(1 << 10) {
            0 => Self(1),
            bytes if bytes > Self::MAX.0 => Self::MAX,
            bytes => Self(bytes),
        }
    }

    /// So many mebibytes, at least one byte and at most [`Size::MAX`]; for defaults.
    #[must_use]
    pub const fn mib(count: u64) -> Self {
        Self::kib(count.saturating_mul(1 << 10))
    }

    /// The amount in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The amount as the length of something in memory. What no memory could hold is as much as
    /// any could.
    #[must_use]
    pub fn length(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl TryFrom<u64> for Size {
    type Error = Error;

    fn try_from(bytes: u64) -> Result<Self, Error> {
        match bytes {
            0 => Err(wrong("the size is smaller than 1 byte")),
            bytes if bytes <= Self::MAX.0 => Ok(Self(bytes)),
            _ => Err(too_large()),
        }
    }
}

impl FromStr for Size {
    type Err = Error;

    /// Reads a size. No error repeats the text, which may be a secret in the wrong place.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(wrong("the size does not begin with a whole number"));
        }
        let unit = unit.trim_start();
        let known = UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let scale = known
            .map(|(_, scale)| *scale)
            .or(unit.is_empty().then_some(1));
        let scale = scale.ok_or_else(|| wrong("the size has an unknown unit"))?;
        // Only digits are left, so a number that does not parse is too large.
        let number = number.parse::<u64>().map_err(|_| too_large())?;
        number.checked_mul(scale).ok_or_else(too_large)?.try_into()
    }
}

fn too_large() -> Error {
    wrong("the size is larger than 8 EiB")
}

fn wrong(what: &str) -> Error {
    Error::settings(what)
        .remedy("write a size such as 64KiB; units are B, kB, MB, GB, TB, KiB, MiB, GiB, TiB")
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let even = UNITS
            .iter()
            .find(|(_, scale)| self.0.is_multiple_of(*scale));
        let (unit, scale) = even.unwrap_or(&("B", 1));
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
                f.write_str("a size such as 64KiB, or a number of bytes")
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
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "format": "gaxx-size",
            "minimum": 1,
            "maximum": Size::MAX.0,
            "examples": ["64KiB", "1MiB"],
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::settings;

    #[settings]
    struct Sizes {
        #[default(Size::kib(64))]
        given: Size,
        wished: Option<Size>,
    }

    fn read(json: &serde_json::Value) -> crate::Result<Sizes> {
        crate::settings::read(&json.to_string())
    }

    #[test]
    fn sizes_are_text_or_numbers() {
        let sizes = read(&json!({})).unwrap();
        assert_eq!((sizes.given.bytes(), sizes.wished), (65_536, None));
        let sizes = read(&json!({ "given": "10 kb", "wished": 5_000 })).unwrap();
        assert_eq!(sizes.given.length(), 10_000);
        assert_eq!(sizes.wished.map(Size::bytes), Some(5_000));
        let all = json!({ "given": "10kB", "wished": "5kB" });
        assert_eq!(serde_json::to_value(&sizes).unwrap(), all);
    }

    #[test]
    fn what_is_no_size_is_named_and_not_repeated() {
        for (wrong, part) in [
            (json!("MiB"), "whole number"),
            (json!("-1kB"), "whole number"),
            (json!("1M"), "units are"),
            (json!("1hunter2"), "units are"),
            (json!("0"), "smaller"),
            (json!(0), "smaller"),
            (json!("8388608TiB"), "larger"),
            (json!("99999999999999999999"), "larger"),
            (json!(u64::MAX), "larger"),
            (json!(1.5), "a number of bytes"),
            (json!(true), "a number of bytes"),
        ] {
            let error = read(&json!({ "given": wrong })).unwrap_err();
            let message = error.message();
            assert!(
                message.starts_with("given: ") && message.contains(part),
                "{wrong}: {error}"
            );
            assert!(!message.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn defaults_stay_within_what_can_be_held() {
        assert_eq!(Size::mib(0).bytes(), 1);
        assert_eq!(Size::mib(3).bytes(), 3_145_728);
        assert_eq!(Size::mib(u64::MAX), Size::MAX);
        assert_eq!(Size::MAX.to_string().parse(), Ok(Size::MAX));
    }

    #[test]
    fn the_schema_shows_the_default_as_it_is_written() {
        let schema = schemars::schema_for!(Sizes).to_value();
        let given = &schema["properties"]["given"];
        assert_eq!(
            (&given["default"], &given["format"]),
            (&json!("64KiB"), &json!("gaxx-size"))
        );
        assert_eq!(
            schema["properties"]["wished"]["type"],
            json!(["string", "integer", "null"])
        );
    }

    proptest! {
        #[test]
        fn a_size_reads_as_it_is_shown(bytes in 1..=Size::MAX.0) {
            let size = Size(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        #[test]
        fn any_text_is_a_size_or_refused(text in "[0-9]{0,22} ?[a-zA-Z]{0,3}|.*") {
            if let Ok(size) = text.parse::<Size>() {
                prop_assert!((1..=Size::MAX.0).contains(&size.bytes()));
            }
        }
    }
}
