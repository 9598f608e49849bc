//! Alerts of Alertmanager's API v2.
//!
//! <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use gaxx_sdk::{
    Error, News, Result, Severity, Standing, Status, Transition, serde::Serialize, serde_json,
};

use super::Filter;

/// Where alerts are posted, below the address of Alertmanager.
const PATH: &str = "/api/v2/alerts";
/// What all alerts are called: the check is a label of its own.
const NAME: &str = "HealthCheck";

/// An alert. Its labels are what it is known by, so nothing that changes while it lasts is among them.
#[derive(Serialize)]
#[serde(crate = "gaxx_sdk::serde", rename_all = "camelCase")]
struct Alert<'a> {
    labels: BTreeMap<&'a str, String>,
    annotations: BTreeMap<&'static str, &'a str>,
    starts_at: &'a str,
    ends_at: String,
}

/// Where alerts are posted, for what the configuration has.
pub(crate) fn url(given: &str) -> String {
    let base = given.trim_end_matches('/');
    if base.ends_with(PATH) {
        base.to_owned()
    } else {
        format!("{base}{PATH}")
    }
}

/// An alert for each check that is not well, told to last so long, and the end of those that have become so; nothing where there is neither.
pub(crate) fn body(news: &News, filter: &Filter, lasts: Duration) -> Result<Option<Vec<u8>>> {
    let time = humantime::parse_rfc3339_weak(&news.time);
    let time = time.map_err(|_| Error::permanent(format!("{:?} is no time", news.time)))?;
    let ends = (time + lasts).max(SystemTime::UNIX_EPOCH);
    let ends = humantime::format_rfc3339_seconds(ends).to_string();
    let firing = news.checks.iter();
    let firing = firing
        .filter(|standing| is_wrong(standing.status) && filter.takes_standing(standing))
        .map(|standing| firing_alert(news, standing, &ends));
    let resolved = news.transitions.iter();
    let resolved = resolved
        .filter(|change| is_wrong(change.from) && !is_wrong(change.to))
        .filter(|change| filter.takes_change(change) && !is_wrong_now(news, &change.check))
        .map(|change| resolved_alert(news, change));
    let alerts: Vec<_> = firing.chain(resolved).collect();
    if alerts.is_empty() {
        return Ok(None);
    }
    Ok(Some(serde_json::to_vec(&alerts)?))
}

fn is_wrong(status: Status) -> bool {
    matches!(status, Status::Degraded | Status::Unhealthy)
}

/// It may have become well and wrong again since.
fn is_wrong_now(news: &News, check: &str) -> bool {
    let standing = news.checks.iter().find(|standing| standing.check == check);
    standing.is_some_and(|standing| is_wrong(standing.status))
}

fn firing_alert<'a>(news: &'a News, standing: &'a Standing, ends: &str) -> Alert<'a> {
    Alert {
        labels: labels(news, &standing.check, standing.severity, &standing.tags),
        annotations: annotations(standing.status, &standing.message),
        starts_at: &standing.since,
        ends_at: ends.to_owned(),
    }
}

fn resolved_alert<'a>(news: &'a News, change: &'a Transition) -> Alert<'a> {
    Alert {
        labels: labels(news, &change.check, change.severity, &change.tags),
        annotations: annotations(change.to, &change.message),
        // Alertmanager keeps the start that it knows.
        starts_at: &change.time,
        ends_at: change.time.clone(),
    }
}

fn labels<'a>(
    news: &'a News,
    check: &str,
    severity: Severity,
    tags: &[String],
) -> BTreeMap<&'a str, String> {
    let own = news.labels.iter();
    let mut labels: BTreeMap<_, _> = own
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    labels.insert("alertname", NAME.to_owned());
    labels.insert("check", check.to_owned());
    labels.insert("severity", severity.label().to_owned());
    if !tags.is_empty() {
        labels.insert("tags", tags.join(","));
    }
    // One that is empty is none, and Alertmanager refuses it.
    labels.retain(|_, value| !value.is_empty());
    labels
}

fn annotations(status: Status, message: &str) -> BTreeMap<&'static str, &str> {
    [("status", status.label()), ("summary", message)].into()
}
