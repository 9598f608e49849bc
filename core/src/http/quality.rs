//! Lists with preferences, as `Accept` and `Accept-Encoding` have them (RFC 9110, 12.4.2).

use http::HeaderMap;
use http::header::AsHeaderName;

/// One alternative of such a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alternative<'a> {
    /// What is offered, as sent: `gzip`, `text/plain`, `*`.
    pub(super) name: &'a str,
    /// Its parameters but for the weight: `version` is `0.0.4`. Quotes are gone.
    pub(super) parameters: Vec<(&'a str, &'a str)>,
    /// Its weight in thousandths: 0 is "not this", 1000 is the default.
    pub(super) weight: u16,
}

impl Alternative<'_> {
    /// Whether the name is `name`; names have no case.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }
}

/// All alternatives of all headers of that name, in their order. What is not text is passed over.
pub(super) fn alternatives(headers: &HeaderMap, name: impl AsHeaderName) -> Vec<Alternative<'_>> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| split(list, ','))
        .filter_map(alternative)
        .collect()
}

fn alternative(text: &str) -> Option<Alternative<'_>> {
    let mut parts = split(text, ';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut weight = 1000;
    let mut parameters = Vec::new();
    for (key, value) in parts.filter_map(|part| part.split_once('=')) {
        let (key, value) = (key.trim(), value.trim().trim_matches('"'));
        if key.eq_ignore_ascii_case("q") {
            weight = thousandths(value);
        } else {
            parameters.push((key, value));
        }
    }
    Some(Alternative {
        name,
        parameters,
        weight,
    })
}

/// A weight between 0 and 1. One that cannot be read asks for nothing.
fn thousandths(text: &str) -> u16 {
    match text.parse::<f64>() {
        // The bounds make the cast exact.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Ok(weight) if (0.0..=1.0).contains(&weight) => (weight * 1000.0).round() as u16,
        _ => 0,
    }
}

/// Splits at a separator, but not inside quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::{HeaderValue, header::ACCEPT};
    use proptest::prelude::*;

    use super::*;

    fn of(lists: &[&'static str]) -> HeaderMap {
        lists
            .iter()
            .map(|list| (ACCEPT, HeaderValue::from_static(list)))
            .collect()
    }

    #[test]
    fn weights_parameters_and_quotes_are_read() {
        let headers = of(&[
            "text/plain; Version=\"0,0;4\" ;q=0.5 , ,*/*;q=0",
            "gzip;q=x,br;q=2",
        ]);
        let found = alternatives(&headers, ACCEPT);
        let short: Vec<_> = found
            .iter()
            .map(|found| (found.name, found.weight))
            .collect();
        assert_eq!(
            short,
            [("text/plain", 500), ("*/*", 0), ("gzip", 0), ("br", 0)]
        );
        assert_eq!(found[0].parameter("version"), Some("0,0;4"));
        assert!(found[0].is("TEXT/Plain"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_no_weight_is_above_one(text in "[ -~]{0,80}") {
            let headers: HeaderMap =
                [(ACCEPT, HeaderValue::from_str(&text).unwrap())].into_iter().collect();
            for found in alternatives(&headers, ACCEPT) {
                prop_assert!(found.weight <= 1000);
                prop_assert!(!found.name.is_empty());
            }
        }

        #[test]
        fn what_is_written_is_read_back(items in proptest::collection::vec(("[a-z*/]{1,8}", 0u16..=1000), 0..6)) {
            let text: Vec<String> = items
                .iter()
                .map(|(name, weight)| format!("{name};q={}", f64::from(*weight) / 1000.0))
                .collect();
            let headers: HeaderMap =
                [(ACCEPT, HeaderValue::from_str(&text.join(", ")).unwrap())].into_iter().collect();
            let found: Vec<(String, u16)> = alternatives(&headers, ACCEPT)
                .into_iter()
                .map(|found| (found.name.to_owned(), found.weight))
                .collect();
            prop_assert_eq!(found, items);
        }
    }
}
