//! Regular expressions in the settings, and what they exclude.

use std::{borrow::Cow, collections::HashMap};

use gaxx_sdk::{
    schemars::{JsonSchema, Schema, SchemaGenerator, json_schema},
    serde::{Deserialize, Deserializer, Serialize, Serializer, de},
};
use regex_lite::Regex;

/// How many answers are kept: more than any machine has of devices or mounts at a time.
const KEPT: usize = 4096;

/// A regular expression. It matches anywhere in a text unless it says `^` and `$`.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// A pattern that stands in this source.
    ///
    /// # Panics
    ///
    /// If it is none; a test makes all of them.
    pub(crate) fn fixed(text: &'static str) -> Self {
        Self(Regex::new(text).expect("the plugin's own patterns are valid"))
    }

    /// Whether it matches somewhere in this text.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let wrong =
            |error| de::Error::custom(format!("{text:?} is no regular expression: {error}"));
        Regex::new(&text).map(Self).map_err(wrong)
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "regex" })
    }
}

/// Decides which names are left out. It remembers its answers, since the names seldom change.
#[derive(Debug)]
pub(crate) struct Excluded {
    pattern: Pattern,
    answers: HashMap<Box<str>, bool>,
}

impl Excluded {
    pub(crate) fn new(pattern: Pattern) -> Self {
        Self {
            pattern,
            answers: HashMap::new(),
        }
    }

    /// Whether this name is left out.
    pub(crate) fn has(&mut self, name: &str) -> bool {
        if let Some(answer) = self.answers.get(name) {
            return *answer;
        }
        if self.answers.len() >= KEPT {
            self.answers.clear();
        }
        let answer = self.pattern.matches(name);
        self.answers.insert(name.into(), answer);
        answer
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn remembers_within_bounds() {
        let mut excluded = Excluded::new(Pattern::fixed("^(loop|ram)\\d+$"));
        for _ in 0..2 {
            assert!(excluded.has("loop0"));
            assert!(!excluded.has("sda"));
        }
        for number in 0..=KEPT {
            assert!(!excluded.has(&format!("sd{number}")));
        }
        assert!(excluded.answers.len() <= KEPT);
    }

    #[test]
    fn a_wrong_pattern_is_named() {
        let error = gaxx_sdk::serde_json::from_str::<Pattern>(r#""(""#).unwrap_err();
        assert!(
            error.to_string().contains("\"(\" is no regular expression"),
            "{error}"
        );
    }
}
