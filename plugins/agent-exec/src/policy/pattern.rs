//! Patterns of arguments.

use gaxx_sdk::{Error, Result};
use regex_lite::Regex;

/// Bytes of a pattern.
const MOST: usize = 4096;

/// A regular expression that must fit the whole argument, in the syntax of the crate `regex-lite`.
/// Matching takes time in proportion to both.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Reads a pattern, which stands at `key`.
    pub(super) fn new(key: &str, text: &str) -> Result<Self> {
        let wrong = |reason: String| {
            let remedy = "write a regular expression, such as [a-z-]+\\.service; plain words stand for themselves";
            Error::settings(format!("{key} {reason}")).remedy(remedy)
        };
        if text.len() > MOST {
            return Err(wrong(format!("is longer than {MOST} bytes")));
        }
        // By itself first: what closes a group that it did not open must not get out of ours.
        Regex::new(text).map_err(|error| wrong(format!("is no pattern: {error}")))?;
        let regex = Regex::new(&format!("\\A(?:{text})\\z"))
            .map_err(|error| wrong(format!("is no pattern: {error}")))?;
        Ok(Self { regex })
    }

    /// Whether the whole argument fits.
    pub(super) fn fits(&self, argument: &str) -> bool {
        self.regex.is_match(argument)
    }
}

/// What the arguments of a command must be.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Anything.
    Any,
    /// One for each pattern; then any number that fit the last.
    Patterns {
        each: Vec<Pattern>,
        more: Option<Pattern>,
    },
}

impl Shape {
    /// The number of the first argument that does not fit, or that is missing.
    pub(super) fn misfit(&self, arguments: &[String]) -> Option<usize> {
        let Self::Patterns { each, more } = self else {
            return None;
        };
        let fits = |(at, argument): (usize, &String)| match (each.get(at), more) {
            (Some(pattern), _) | (None, Some(pattern)) => pattern.fits(argument),
            (None, None) => false,
        };
        let wrong = arguments.iter().enumerate().position(|one| !fits(one));
        wrong.or((arguments.len() < each.len()).then_some(arguments.len()))
    }
}
