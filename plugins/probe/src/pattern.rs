//! Regular expressions of the configuration.

use gaxx_sdk::prelude::*;
use regex_lite::Regex;

/// The expression that a setting holds.
pub(crate) fn pattern(key: &str, text: &str) -> Result<Regex> {
    Regex::new(text).map_err(|error| {
        Error::settings(format!("{key}: {text:?} is no regular expression: {error}"))
            .remedy("put a backslash before what stands for itself")
    })
}
