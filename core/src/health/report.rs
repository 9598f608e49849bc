//! The health report, in the form that the first program had.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::config::CheckSeverity;

/// The health of the whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `healthy`, `degraded` or `unhealthy`.
    pub status: &'static str,
    /// When the report was made.
    pub timestamp: String,
    /// Every check, ordered by name.
    pub checks: Vec<CheckReport>,
}

/// The health of one thing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CheckReport {
    /// The check's name.
    pub name: String,
    /// `healthy`, `degraded`, `unhealthy`, or `unknown` where the check could not find out or has
    /// not run yet.
    pub status: &'static str,
    /// What the check said last.
    pub message: String,
    /// When it last ran; `null` where it has not yet.
    pub last_checked: Option<String>,
    /// How long that took, in seconds.
    pub duration: f64,
    /// Facts behind it; left out where there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
    /// When its status changed last; left out before it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// How much it matters; left out where it is critical.
    #[serde(skip_serializing_if = "is_usual")]
    pub severity: CheckSeverity,
    /// Its tags; left out where it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether it is silenced: then it makes nothing else worse; left out where it is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub silenced: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_usual(severity: &CheckSeverity) -> bool {
    *severity == CheckSeverity::default()
}
