//! Series by name and labels, as Prometheus' instant vector selectors name them.
//!
//! <https://prometheus.io/docs/prometheus/latest/querying/basics/#instant-vector-selectors>

use std::iter::Peekable;

use regex_lite::Regex;
use serde::{Serialize, Serializer, ser::SerializeMap};
use thiserror::Error;

use super::{
    Kind,
    number::{special, text},
    snapshot::{FamilyView, Sample, Snapshot, Value},
};

/// The longest selector that is read, in bytes.
const LONGEST: usize = 4096;

/// Takes series by name and labels: `name{label="value",other=~"regex"}`.
#[derive(Debug, Clone)]
pub struct Selector {
    name: String,
    matchers: Vec<Matcher>,
}

/// Why a selector cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SelectorError {
    /// It is too long.
    #[error("a selector may have {LONGEST} bytes")]
    TooLong,
    /// Something else should stand there.
    #[error(
        "selector {text:?}: {what} at byte {at}; write it as name{{label=\"value\",other=~\"regex\"}}"
    )]
    Malformed {
        /// The selector.
        text: String,
        /// What is wrong.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// A regular expression is none.
    #[error("selector {text:?}: the regular expression {regex:?} cannot be read: {why}")]
    Regex {
        /// The selector.
        text: String,
        /// The expression.
        regex: String,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Debug, Clone)]
struct Matcher {
    label: String,
    /// Whether it takes what does not match.
    negated: bool,
    pattern: Pattern,
}

#[derive(Debug, Clone)]
enum Pattern {
    Text(String),
    Regex(Regex),
}

/// One number that was selected, as the ABI tells it.
#[derive(Debug, Serialize)]
pub struct Row {
    name: String,
    labels: Labels,
    value: Number,
    kind: &'static str,
}

#[derive(Debug)]
struct Labels(Vec<(String, String)>);

#[derive(Debug)]
struct Number(f64);

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        if text.len() > LONGEST {
            return Err(SelectorError::TooLong);
        }
        let mut reader = Reader {
            text,
            letters: text.char_indices().peekable(),
        };
        let selector = reader.selector()?;
        Ok(selector)
    }

    /// The numbers that it takes.
    pub fn take(&self, snapshot: &Snapshot) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some(family) = snapshot.family(&self.name)
            && family.kind() != Kind::Histogram
        {
            self.take_family(&family, "", &mut rows);
        }
        for part in ["_bucket", "_count", "_sum"] {
            let family = self.name.strip_suffix(part);
            let family = family.and_then(|name| snapshot.family(name));
            if let Some(family) = family.filter(|family| family.kind() == Kind::Histogram) {
                self.take_family(&family, part, &mut rows);
            }
        }
        rows
    }

    fn take_family(&self, family: &FamilyView<'_>, part: &str, rows: &mut Vec<Row>) {
        for sample in family.samples() {
            match sample.value {
                Value::Number(value) => {
                    let grows = family.kind() == Kind::Counter;
                    self.push(&sample, None, value, grows, rows);
                }
                Value::Histogram {
                    bounds,
                    counts,
                    count,
                    sum,
                } => match part {
                    "_count" => self.push(&sample, None, count, true, rows),
                    "_sum" => self.push(&sample, None, sum, true, rows),
                    _ => {
                        for (&bound, &count) in bounds.iter().zip(counts) {
                            self.push(&sample, Some(bound), count, true, rows);
                        }
                        self.push(&sample, Some(f64::INFINITY), count, true, rows);
                    }
                },
            }
        }
    }

    fn push(
        &self,
        sample: &Sample<'_>,
        bound: Option<f64>,
        value: f64,
        grows: bool,
        rows: &mut Vec<Row>,
    ) {
        let labels = sample.labels();
        let mut labels: Vec<(String, String)> = labels
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        labels.extend(bound.map(|bound| ("le".to_owned(), text(bound))));
        if self.matchers.iter().all(|matcher| matcher.takes(&labels)) {
            rows.push(Row {
                name: self.name.clone(),
                labels: Labels(labels),
                value: Number(value),
                kind: if grows { "counter" } else { "gauge" },
            });
        }
    }
}

impl Matcher {
    /// A label that is not there is an empty one.
    fn takes(&self, labels: &[(String, String)]) -> bool {
        let label = labels.iter().find(|(name, _)| *name == self.label);
        let value = label.map_or("", |(_, value)| value.as_str());
        let matches = match &self.pattern {
            Pattern::Text(text) => text == value,
            Pattern::Regex(regex) => regex.is_match(value),
        };
        matches != self.negated
    }
}

struct Reader<'a> {
    text: &'a str,
    letters: Peekable<std::str::CharIndices<'a>>,
}

impl Reader<'_> {
    fn selector(&mut self) -> Result<Selector, SelectorError> {
        self.blanks();
        let name = self.word(":")?;
        self.blanks();
        let mut matchers = Vec::new();
        if self.takes('{') {
            self.blanks();
            while !self.takes('}') {
                matchers.push(self.matcher()?);
                self.blanks();
                if !self.takes(',') && self.letters.peek().is_none_or(|(_, letter)| *letter != '}')
                {
                    return Err(self.wrong("',' or '}' is missing"));
                }
                self.blanks();
            }
        }
        self.blanks();
        if self.letters.peek().is_some() {
            return Err(self.wrong("nothing may follow"));
        }
        Ok(Selector { name, matchers })
    }

    fn matcher(&mut self) -> Result<Matcher, SelectorError> {
        let label = self.word("")?;
        self.blanks();
        let (negated, is_regex) = match (self.takes('!'), self.takes('='), self.takes('~')) {
            (negated, true, false) => (negated, false),
            (false, true, true) => (false, true),
            (true, false, true) => (true, true),
            _ => return Err(self.wrong("=, !=, =~ or !~ is missing")),
        };
        self.blanks();
        let value = self.quoted()?;
        let pattern = if is_regex {
            let regex = Regex::new(&format!("^(?s:{value})$"));
            Pattern::Regex(regex.map_err(|error| SelectorError::Regex {
                text: self.text.to_owned(),
                why: error.to_string(),
                regex: value,
            })?)
        } else {
            Pattern::Text(value)
        };
        Ok(Matcher {
            label,
            negated,
            pattern,
        })
    }

    /// A name; `more` are letters that it may have beside the usual ones.
    fn word(&mut self, more: &str) -> Result<String, SelectorError> {
        let mut word = String::new();
        let fits = |letter: char, first: bool| {
            letter.is_ascii_alphabetic()
                || letter == '_'
                || more.contains(letter)
                || (!first && letter.is_ascii_digit())
        };
        while let Some((_, letter)) = self
            .letters
            .next_if(|(_, letter)| fits(*letter, word.is_empty()))
        {
            word.push(letter);
        }
        if word.is_empty() {
            return Err(self.wrong("a name is missing"));
        }
        Ok(word)
    }

    fn quoted(&mut self) -> Result<String, SelectorError> {
        let quote = if self.takes('\'') { '\'' } else { '"' };
        if quote == '"' && !self.takes('"') {
            return Err(self.wrong("a value in quotes is missing"));
        }
        let mut value = String::new();
        loop {
            let letter = self.letters.next().map(|(_, letter)| letter);
            match letter {
                Some(letter) if letter == quote => return Ok(value),
                Some('\\') => match self.letters.next().map(|(_, letter)| letter) {
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some(letter @ ('\\' | '"' | '\'')) => value.push(letter),
                    _ => return Err(self.wrong("this may not follow a backslash")),
                },
                Some(letter) => value.push(letter),
                None => return Err(self.wrong("the closing quote is missing")),
            }
        }
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.letters
            .next_if(|(_, letter)| *letter == wanted)
            .is_some()
    }

    fn blanks(&mut self) {
        while self
            .letters
            .next_if(|(_, letter)| letter.is_ascii_whitespace())
            .is_some()
        {}
    }

    fn wrong(&mut self, what: &'static str) -> SelectorError {
        let at = self.letters.peek().map_or(self.text.len(), |(at, _)| *at);
        SelectorError::Malformed {
            text: self.text.to_owned(),
            what,
            at,
        }
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match special(self.0) {
            Some(text) => serializer.serialize_str(text),
            None => serializer.serialize_f64(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{instruments::Instruments, registry::Registry, role::Role};

    fn selected(selector: &str) -> Value {
        let instruments = Instruments::new(Role::Main);
        let registry = Registry::new(
            super::super::Limits::default(),
            instruments.registry.clone(),
        );
        for (name, seconds) in [("a", 2.0), ("b", f64::NAN)] {
            let metrics = instruments.exports.of(name);
            metrics.age.set(seconds);
            metrics.sent.inc();
        }
        let rows = Selector::parse(selector)
            .unwrap()
            .take(&registry.snapshot());
        serde_json::to_value(rows).unwrap()
    }

    #[test]
    fn series_are_taken_by_name_and_labels() {
        let row = |exporter, value| json!({"name": "gaxx_export_queue_age_seconds", "labels": {"exporter": exporter}, "value": value, "kind": "gauge"});
        let (a, b) = (row("a", json!(2.0)), row("b", json!("NaN")));
        let of = |matchers: &str| selected(&format!("gaxx_export_queue_age_seconds{matchers}"));
        assert_eq!(of(""), json!([a, b]));
        assert_eq!(of(" { exporter = \"a\" , } "), json!([a]));
        assert_eq!(of("{exporter!='a'}"), json!([b]));
        assert_eq!(of("{exporter=~\"a|c\"}"), json!([a]));
        assert_eq!(of("{exporter!~\"a|c\",other=\"\"}"), json!([b]));
        assert_eq!(of("{exporter=~\"\"}"), json!([]));
        assert_eq!(selected("no_such"), json!([]));
        let sent = selected("gaxx_export_batches_total{exporter=\"a\",outcome=\"sent\"}");
        assert_eq!(
            (&sent[0]["kind"], &sent[0]["value"]),
            (&json!("counter"), &json!(1.0))
        );
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        for (selector, why) in [
            ("", "a name is missing at byte 0"),
            ("a{", "a name is missing at byte 2"),
            ("a{b}", "=, !=, =~ or !~ is missing at byte 3"),
            ("a{b=~\"(\"}", "the regular expression \"(\""),
            ("a{b=\"c}", "the closing quote is missing at byte 7"),
            ("a{b=\"\\q\"}", "this may not follow a backslash"),
            ("a{b=\"c\" d=\"e\"}", "',' or '}' is missing at byte 8"),
            ("a b", "nothing may follow at byte 2"),
        ] {
            let error = Selector::parse(selector).unwrap_err().to_string();
            assert!(error.contains(why), "{selector}: {error}");
        }
        let long = "a".repeat(LONGEST + 1);
        assert_eq!(Selector::parse(&long).unwrap_err(), SelectorError::TooLong);
    }

    proptest! {
        #[test]
        fn no_text_is_its_undoing(text in ".{0,80}") {
            let _ = Selector::parse(&text);
        }

        #[test]
        fn a_value_in_quotes_is_itself(value in ".{0,20}") {
            let quoted = format!("a{{b={value:?}}}");
            // Rust escapes more than Prometheus knows.
            if !quoted.contains("\\u{") && !quoted.contains("\\r") && !quoted.contains("\\0") {
                let selector = Selector::parse(&quoted).unwrap();
                prop_assert!(selector.matchers[0].takes(&[("b".to_owned(), value)]));
            }
        }
    }
}
