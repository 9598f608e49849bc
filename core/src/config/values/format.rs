//! The texts with a syntax of their own: how each is checked and described.

use std::net::IpAddr;

use super::{Duration, DurationError, LogFilter, Size, Threshold, Timestamp, TrustedKey, Version};

/// A `format` of the JSON Schema that the usual validators do not know.
pub(crate) struct Format {
    /// The `format` keyword's value.
    pub(crate) name: &'static str,
    /// What is expected, for messages and the reference.
    pub(crate) expected: &'static str,
    /// Why a text is not of this format.
    pub(crate) check: fn(&str) -> Result<(), String>,
}

/// Every such format.
pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: "gaxx-interval",
        expected: "a duration such as `30s` or `5m`",
        check: reads::<Duration>,
    },
    Format {
        name: "gaxx-duration",
        expected: "a duration such as `30s` or `5m`",
        check: plugin_duration,
    },
    Format {
        name: "gaxx-size",
        expected: "a size such as `64MiB`",
        check: reads::<Size>,
    },
    Format {
        name: "gaxx-threshold",
        expected: "a count or a percentage such as `50%`",
        check: reads::<Threshold>,
    },
    Format {
        name: "gaxx-time",
        expected: "a time in UTC such as `2026-01-02T03:04:05Z`",
        check: reads::<Timestamp>,
    },
    Format {
        name: "gaxx-log-filter",
        expected: "a level (off, error, warn, info, debug, trace) or a filter such as `info,gaxx_core::http=debug`",
        check: reads::<LogFilter>,
    },
    Format {
        name: "gaxx-minisign-key",
        expected: "a public key of minisign",
        check: reads::<TrustedKey>,
    },
    Format {
        name: "gaxx-version",
        expected: "a version such as `1.4.0`",
        check: reads::<Version>,
    },
    Format {
        name: "ip",
        expected: "an IP address such as `127.0.0.1` or `::1`",
        check: reads::<IpAddr>,
    },
];

fn reads<T>(text: &str) -> Result<(), String>
where
    T: std::str::FromStr,
    T::Err: ToString,
{
    text.parse::<T>()
        .map(drop)
        .map_err(|error| error.to_string())
}

/// A duration among a plugin's settings, which may be zero or of any length.
fn plugin_duration(text: &str) -> Result<(), String> {
    DurationError::parse(text)
        .map(drop)
        .map_err(|error| error.to_string())
}
