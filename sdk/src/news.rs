//! Changes of health.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Status;

/// Changes of health, and how all checks stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// When it was put together, in RFC 3339.
    pub time: String,
    /// Of whom it is: what the exporter's `labels` say, with `host` and `role`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What has changed, in its order; perhaps nothing.
    #[serde(default)]
    pub transitions: Vec<Transition>,
    /// All checks that have run, by name, as they stood then.
    #[serde(default)]
    pub checks: Vec<Standing>,
}

/// A check that has changed its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The name of the check.
    pub check: String,
    /// What it was before; [`Status::Unknown`] where it had not run.
    pub from: Status,
    /// What it is.
    pub to: Status,
    /// What the check said.
    pub message: String,
    /// When, in RFC 3339.
    pub time: String,
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
    /// The tags that the configuration gives it.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whether it is silenced: known, and nobody is to be woken.
    #[serde(default)]
    pub silenced: bool,
    /// Facts behind it.
    #[serde(default)]
    pub details: BTreeMap<String, String>,
}

/// How a check stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The name of the check.
    pub check: String,
    /// What it is.
    pub status: Status,
    /// Since when, in RFC 3339.
    pub since: String,
    /// What the check said last.
    pub message: String,
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
    /// The tags that the configuration gives it.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whether it is silenced: known, and nobody is to be woken.
    #[serde(default)]
    pub silenced: bool,
}

/// How much a check matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It is told, and changes nothing.
    Info,
    /// Somebody should look at it.
    Warning,
    /// Somebody must act. One that this version does not know counts as this, too.
    #[default]
    #[serde(other)]
    Critical,
}

impl Severity {
    /// As JSON and labels say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_a_newer_host_adds_is_passed_over() {
        let json = r#"{"time":"2026-01-02T03:04:05Z","more":1,"transitions":[{"check":"a","from":"healthy",
            "to":"strange","message":"m","time":"2026-01-02T03:04:05Z","severity":"dire","new":true}]}"#;
        let news: News = serde_json::from_str(json).unwrap();
        let transition = &news.transitions[0];
        assert_eq!(
            (transition.from, transition.to),
            (Status::Healthy, Status::Unknown)
        );
        assert_eq!(transition.severity, Severity::Critical);
        let again: News = serde_json::from_str(&serde_json::to_string(&news).unwrap()).unwrap();
        assert_eq!(again, news);
    }
}
