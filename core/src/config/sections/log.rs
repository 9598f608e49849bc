//! What is logged, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::LogFilter;

/// What is logged to standard error, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// The least important level that is logged (off, error, warn, info, debug, trace), or a
    /// filter by module such as `info,gaxx_core::http=debug`.
    pub level: LogFilter,
    /// `text` for people, `json` for programs: one object a line.
    pub format: LogFormat,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}
