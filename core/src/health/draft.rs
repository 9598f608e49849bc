//! The report in the form of the draft "Health Check Response Format for HTTP APIs".
//!
//! <https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06>

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CheckReport, Report};

/// Its media type.
pub const MEDIA_TYPE: &str = "application/health+json";

/// The report in the form of the draft.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft<'a> {
    /// `pass`, `warn` or `fail`.
    pub status: &'static str,
    /// The version of this form: the major one of the program.
    pub version: &'static str,
    /// The version of the program.
    pub release_id: &'static str,
    /// What answers.
    pub service_id: &'static str,
    /// For people.
    pub description: &'static str,
    /// The checks by name, with what was observed behind a colon. Each is a list of one.
    pub checks: BTreeMap<String, [Observed<'a>; 1]>,
}

/// What a check says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed<'a> {
    /// `pass`, `warn` or `fail`.
    pub status: &'static str,
    /// The same as gaxx-mon says it: `unknown` is `warn`, too.
    pub observed_value: &'static str,
    /// When it was looked at; left out where it has not been yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<&'a str>,
    /// What the check says; the draft has none where it passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<&'a str>,
}

impl<'a> Draft<'a> {
    /// The report in the form of the draft.
    pub fn of(report: &'a Report) -> Self {
        let checks = report.checks.iter();
        Self {
            status: word(report.status),
            version: env!("CARGO_PKG_VERSION_MAJOR"),
            release_id: env!("CARGO_PKG_VERSION"),
            service_id: "gaxx-mon",
            description: "health of the machine, as gaxx-mon sees it",
            checks: checks
                .map(|check| (key(&check.name), [Observed::of(check)]))
                .collect(),
        }
    }
}

impl<'a> Observed<'a> {
    fn of(check: &'a CheckReport) -> Self {
        let status = word(check.status);
        Self {
            status,
            observed_value: check.status,
            time: check.last_checked.as_deref(),
            output: (status != "pass").then_some(check.message.as_str()),
        }
    }
}

/// A name may hold no colon: one stands between it and what was observed.
fn key(name: &str) -> String {
    format!("{}:status", name.replace(':', "_"))
}

fn word(status: &str) -> &'static str {
    match status {
        "healthy" => "pass",
        "unhealthy" => "fail",
        _ => "warn",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(name: &str, status: &'static str, checked: Option<&str>) -> CheckReport {
        CheckReport {
            name: name.to_owned(),
            status,
            message: format!("is {status}"),
            last_checked: checked.map(str::to_owned),
            duration: 0.1,
            ..CheckReport::default()
        }
    }

    #[test]
    fn states_are_those_of_the_draft() {
        let report = Report {
            status: "unhealthy",
            timestamp: String::new(),
            checks: vec![
                check("a", "healthy", Some("2026-01-02T03:04:05Z")),
                check("b:c", "unknown", None),
                check("d", "unhealthy", None),
            ],
        };
        let draft = serde_json::to_value(Draft::of(&report)).unwrap_or_default();
        assert_eq!(draft["status"], "fail");
        assert_eq!(draft["serviceId"], "gaxx-mon");
        assert_eq!(
            draft["checks"],
            json!({
                "a:status": [{"status": "pass", "observedValue": "healthy", "time": "2026-01-02T03:04:05Z"}],
                "b_c:status": [{"status": "warn", "observedValue": "unknown", "output": "is unknown"}],
                "d:status": [{"status": "fail", "observedValue": "unhealthy", "output": "is unhealthy"}],
            })
        );
    }
}
