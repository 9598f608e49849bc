//! The public keys that signatures of libraries are checked with.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use minisign_verify::{Error, PublicKey};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How the first line of a file that `minisign -G` writes begins.
const COMMENT: &str = "untrusted comment:";

/// A public key of minisign: the line of 56 characters that begins with `RW`, or both lines of the
/// file that has it.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustedKey {
    line: String,
    key: PublicKey,
}

/// Why a text is not a [`TrustedKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustedKeyError {
    /// It does not have the length, the letters or the beginning of a public key.
    #[error("give the last line of the file `minisign.pub`, which begins with `RW`")]
    NotAKey,
    /// It is a signature or a secret key.
    #[error("that is {0}; give the last line of the file `minisign.pub`, which begins with `RW`")]
    SomethingElse(&'static str),
}

impl TrustedKey {
    /// The key as minisign's verification takes it.
    pub(crate) fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl FromStr for TrustedKey {
    type Err = TrustedKeyError;

    fn from_str(text: &str) -> Result<Self, TrustedKeyError> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut line = lines.next().unwrap_or_default();
        if let Some(comment) = line.strip_prefix(COMMENT) {
            if comment.contains("secret key") && !comment.contains("signature") {
                return Err(TrustedKeyError::SomethingElse("a secret key"));
            }
            line = lines.next().unwrap_or_default();
        }
        match PublicKey::from_base64(line) {
            // More lines are a signature's, or a second key's.
            Ok(_) if lines.next().is_some() => Err(TrustedKeyError::NotAKey),
            Ok(key) => Ok(Self {
                line: line.to_owned(),
                key,
            }),
            Err(Error::InvalidEncoding) if line.len() == SIGNATURE => {
                Err(TrustedKeyError::SomethingElse("a signature"))
            }
            Err(_) => Err(TrustedKeyError::NotAKey),
        }
    }
}

/// Characters of a signature's line: 74 bytes as base64.
const SIGNATURE: usize = 100;

impl fmt::Display for TrustedKey {
    /// The line of 56 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TrustedKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TrustedKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for TrustedKey {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TrustedKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "gaxx-minisign-key"})
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    /// The public key of minisign's own releases.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn the_line_and_the_file_are_the_same_key() {
        let key: TrustedKey = KEY.parse().unwrap();
        assert_eq!(key.to_string(), KEY);
        let file = format!("untrusted comment: minisign public key E7620F1842B4E81F\n{KEY}\n");
        assert_eq!(file.parse(), Ok(key.clone()));
        assert_eq!(format!("  {KEY}\n").parse(), Ok(key));
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_remedy() {
        let check = |text: &str, part: &str| {
            let error = text.parse::<TrustedKey>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(error.contains("minisign.pub"), "{text}: {error}");
        };
        check("", "last line");
        check("untrusted comment: only", "last line");
        check(&KEY[1..], "last line");
        check(&format!("XX{}", &KEY[2..]), "last line");
        check(&format!("{KEY}\n{KEY}"), "last line");
        check(&"A".repeat(100), "a signature");
        check(
            "untrusted comment: minisign encrypted secret key\nRWRTY0Iy",
            "a secret key",
        );
    }

    proptest! {
        #[test]
        fn never_panics(text: String) {
            let _ = text.parse::<TrustedKey>();
        }

        #[test]
        fn a_key_with_another_letter_is_another_key_or_none(at in 0..KEY.len(), letter in "[ -~]") {
            let mut text = KEY.to_owned();
            text.replace_range(at..=at, &letter);
            if let Ok(key) = text.parse::<TrustedKey>() {
                prop_assert_eq!(key.to_string(), text.trim());
            }
        }
    }
}
