//! Amounts of bytes as the configuration has them: `64KiB`, `1MiB`, `5000`.

use std::{borrow::Cow, fmt};

use gaxx_sdk::{
    schemars::{JsonSchema, Schema, SchemaGenerator, json_schema},
    serde::{Deserialize, Deserializer, Serialize, Serializer, de},
};

/// At least one byte and at most a gibibyte: all of it is held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(usize);

const MAX: usize = 1 << 30;

/// Each unit with its bytes; what is shown uses the first that divides evenly.
const UNITS: [(&str, usize); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl Size {
    /// So many mebibytes, for defaults.
    pub(crate) const fn mib(count: usize) -> Self {
        Self(count << 20)
    }

    pub(crate) const fn bytes(self) -> usize {
        self.0
    }

    fn checked(bytes: Option<usize>) -> Result<Self, &'static str> {
        match bytes {
            Some(0) => Err("smaller than 1 byte"),
            Some(bytes) if bytes <= MAX => Ok(Self(bytes)),
            _ => Err("larger than 1 GiB, and all of it is held in memory"),
        }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err("not a size; write one such as 64KiB or 1MiB");
        }
        let unit = unit.trim_start();
        let known = UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let scale = known
            .map(|(_, scale)| *scale)
            .or(unit.is_empty().then_some(1));
        let scale = scale.ok_or("of an unknown unit; known are B, kB, MB, GB, KiB, MiB, GiB")?;
        // Only digits are left, so a number that does not parse is too large.
        Self::checked(
            number
                .parse::<usize>()
                .ok()
                .and_then(|number| number.checked_mul(scale)),
        )
    }
}

/// An amount of bytes with the largest unit that divides it.
pub(crate) fn shown(bytes: usize) -> String {
    let even = UNITS.iter().find(|(_, scale)| bytes.is_multiple_of(*scale));
    let (unit, scale) = even.unwrap_or(&("B", 1));
    format!("{}{unit}", bytes / scale)
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&shown(self.0))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as 64KiB or 1MiB, or a number of bytes")
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Size, E> {
                Size::checked(usize::try_from(bytes).ok()).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
                Size::parse(text).map_err(|reason| E::custom(format!("{text:?} is {reason}")))
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
            "maximum": MAX,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_sdk::{json, serde_json};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_have_units() {
        let read = |value| serde_json::from_value::<Size>(value).map_err(|e| e.to_string());
        assert_eq!(read(json!("64 kib")), Ok(Size(65_536)));
        assert_eq!(read(json!(5_000)), Ok(Size(5_000)));
        for (wrong, part) in [
            (json!("MiB"), "64KiB"),
            (json!("1M"), "known are"),
            (json!("0"), "smaller"),
            (json!("2GiB"), "larger"),
            (json!("99999999999999999999"), "larger"),
            (json!(true), "a number of bytes"),
        ] {
            let error = read(wrong.clone()).unwrap_err();
            assert!(error.contains(part), "{wrong}: {error}");
        }
    }

    proptest! {
        #[test]
        fn a_size_reads_as_it_is_shown(bytes in 1..=MAX) {
            prop_assert_eq!(Size::parse(&shown(bytes)), Ok(Size(bytes)));
        }

        #[test]
        fn no_text_is_too_much(text: String) {
            let _ = Size::parse(&text);
        }
    }
}
