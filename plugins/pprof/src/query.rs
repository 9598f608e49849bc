//! What stands behind the question mark.

use std::{collections::BTreeMap, fmt::Display, ops::RangeInclusive, str::FromStr};

use crate::refusal::Refusal;

/// The longest profile, in seconds.
pub(crate) const MOST_SECONDS: u64 = 300;
/// The most samples in a second of CPU time.
pub(crate) const MOST_HERTZ: u32 = 250;
/// The longest name of a plugin that is looked for.
const LONGEST_NAME: usize = 64;

/// The parameters of a page, each given once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    given: BTreeMap<String, String>,
}

impl Query {
    /// Reads it. What the page does not know is not passed over, since the caller means it.
    pub(crate) fn parse(text: &str, known: &[&str]) -> Result<Self, Refusal> {
        let mut given = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            if !known.contains(&&*key) {
                let remedy = match known {
                    [] => "leave it out: this page has none".to_owned(),
                    known => format!("this page has {}", known.join(", ")),
                };
                return Err(Refusal::parameter(
                    format!("there is no parameter {key:?}"),
                    remedy,
                ));
            }
            if given.contains_key(&*key) {
                let message = format!("the parameter {key} is there twice");
                return Err(Refusal::parameter(message, "give it once"));
            }
            given.insert(key.into_owned(), value.into_owned());
        }
        // A browser's form sends fields that nobody filled in.
        given.retain(|_, value| !value.is_empty());
        Ok(Self { given })
    }

    /// `seconds`, from 1 to `most`.
    pub(crate) fn seconds(&self, most: u64) -> Result<Option<u64>, Refusal> {
        self.number("seconds", 1..=most)
    }

    /// `hz`, from 1 to 250.
    pub(crate) fn hertz(&self) -> Result<Option<u32>, Refusal> {
        self.number("hz", 1..=MOST_HERTZ)
    }

    /// `debug`: 0, 1 or 2.
    pub(crate) fn debug(&self) -> Result<u8, Refusal> {
        Ok(self.number("debug", 0..=2)?.unwrap_or(0))
    }

    /// `gc`: 1 where a purge is to come first.
    pub(crate) fn purge(&self) -> Result<bool, Refusal> {
        Ok(self.number("gc", 0..=1_u8)? == Some(1))
    }

    /// `plugin`: whose process it is; without one, gaxx-mon's own.
    pub(crate) fn plugin(&self) -> Result<Option<&str>, Refusal> {
        let Some(name) = self.text("plugin") else {
            return Ok(None);
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        if name.len() > LONGEST_NAME || !name.bytes().all(plain) {
            let message = format!("plugin is {name:?}, which no plugin is called");
            return Err(Refusal::parameter(
                message,
                "GET /api/plugins lists the plugins",
            ));
        }
        Ok(Some(name))
    }

    /// One of these words; the first of them where there is no such parameter.
    pub(crate) fn word(&self, key: &str, words: &[&'static str]) -> Result<&'static str, Refusal> {
        let first = words.first().copied().unwrap_or_default();
        let given = self.text(key).unwrap_or(first);
        let known = words.iter().find(|word| **word == given).copied();
        known.ok_or_else(|| {
            let remedy = format!("it may be {}", words.join(", "));
            Refusal::parameter(format!("{key} is {given:?}"), remedy)
        })
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.given.get(key).map(String::as_str)
    }

    fn number<T: FromStr + PartialOrd + Display>(
        &self,
        key: &str,
        range: RangeInclusive<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| range.contains(number));
        let wrong = || {
            let remedy = format!(
                "give a whole number from {} to {}",
                range.start(),
                range.end()
            );
            Refusal::parameter(format!("{key} is {text:?}"), remedy)
        };
        number.map(Some).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    const KNOWN: [&str; 6] = ["seconds", "hz", "debug", "gc", "plugin", "type"];

    #[test]
    fn parameters_are_read() {
        let text = "seconds=30&hz=250&debug=2&gc=1&plugin=agent%2Dexec&type=heap";
        let query = Query::parse(text, &KNOWN).unwrap();
        assert_eq!(query.seconds(300).unwrap(), Some(30));
        assert_eq!(query.hertz().unwrap(), Some(250));
        assert_eq!(query.debug().unwrap(), 2);
        assert!(query.purge().unwrap());
        assert_eq!(query.plugin().unwrap(), Some("agent-exec"));
        assert_eq!(query.word("type", &["cpu", "heap"]).unwrap(), "heap");
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        for text in ["", "seconds=&hz=&debug=&gc=&plugin=&type="] {
            let query = Query::parse(text, &KNOWN).unwrap();
            assert_eq!(query.seconds(300).unwrap(), None);
            assert_eq!(query.hertz().unwrap(), None);
            assert_eq!(query.debug().unwrap(), 0);
            assert!(!query.purge().unwrap());
            assert_eq!(query.plugin().unwrap(), None);
            assert_eq!(query.word("type", &["cpu", "heap"]).unwrap(), "cpu");
        }
    }

    #[test]
    fn what_is_wrong_is_refused_by_name() {
        let read = |text: &str| -> Result<(), Refusal> {
            let query = Query::parse(text, &KNOWN)?;
            query.seconds(300)?;
            query.hertz()?;
            query.debug()?;
            query.purge()?;
            query.plugin()?;
            query.word("type", &["cpu", "heap"]).map(|_| ())
        };
        for (text, part) in [
            ("second=1", "\"second\""),
            ("seconds=1&seconds=2", "twice"),
            ("seconds=0", "seconds is \"0\""),
            ("seconds=301", "seconds is \"301\""),
            ("seconds=1.5", "seconds is \"1.5\""),
            ("hz=251", "hz is \"251\""),
            ("debug=3", "debug is \"3\""),
            ("gc=yes", "gc is \"yes\""),
            ("plugin=a%00b", "plugin is"),
            ("type=tasks", "type is \"tasks\""),
        ] {
            let refusal = read(text).unwrap_err();
            assert!(refusal.to_string().contains(part), "{text}: {refusal}");
            assert!(!refusal.remedy().is_empty());
            assert_eq!(refusal.status(), 400);
        }
        assert!(
            Query::parse("a", &[])
                .unwrap_err()
                .remedy()
                .contains("has none")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}|[a-z=&%0-9]{0,60}|(seconds|hz)=[0-9]{0,4}") {
            if let Ok(query) = Query::parse(&text, &KNOWN) {
                if let Ok(Some(seconds)) = query.seconds(300) {
                    prop_assert!((1..=300).contains(&seconds));
                }
                if let Ok(Some(hertz)) = query.hertz() {
                    prop_assert!((1..=MOST_HERTZ).contains(&hertz));
                }
                let _ = query.plugin();
            }
        }
    }
}
