//! A component under faults that are not its own.

use std::time::Duration;

use serde_json::Value;

use super::specimen::Specimen;
use crate::{
    Error, ErrorKind, Result,
    testing::{Conditions, Facility, hostile},
};

pub(super) fn no_time(specimen: &Specimen) -> Vec<String> {
    let times = [Duration::ZERO, Duration::from_millis(1)];
    let conditions = times.map(|time| Conditions::default().time(time));
    panics(specimen, "without time", &specimen.settings, conditions)
}

pub(super) fn refusals(specimen: &Specimen) -> Vec<String> {
    let refusals = Facility::ALL.map(|facility| Conditions::default().refusing(facility));
    let full = Conditions::default().most_series(0);
    let conditions = refusals.into_iter().chain([full]);
    panics(
        specimen,
        "refused by the host",
        &specimen.settings,
        conditions,
    )
}

pub(super) fn hostile_settings(specimen: &Specimen) -> Vec<String> {
    let mut findings = Vec::new();
    for hostile in hostile::of_schema(&specimen.schema, &specimen.settings) {
        let what = format!("setting {} {}", hostile.setting, hostile.fault);
        let conditions = || Conditions::default().time(Duration::from_secs(1));
        let made = specimen.make_with(&hostile.settings, conditions());
        let key = hostile.setting.rsplit('.').next().unwrap_or_default();
        match made {
            Err(error) if error.kind() == ErrorKind::Panic => findings.push(told(&what, &error)),
            Err(error) if hostile.forbidden && !error.message().contains(key) => {
                let error = format!("refused, and not named: {error}");
                findings.push(format!("{what}: {error}"));
            }
            Ok(_) if hostile.forbidden => findings.push(format!("{what}: not refused")),
            Ok(subject) => {
                drop(subject);
                findings.extend(panics(specimen, &what, &hostile.settings, [conditions()]));
            }
            Err(_) => {}
        }
    }
    findings
}

/// The panics of a component that is made under these conditions, called and stopped. Errors are its
/// right.
fn panics(
    specimen: &Specimen,
    what: &str,
    settings: &Value,
    conditions: impl IntoIterator<Item = Conditions>,
) -> Vec<String> {
    let live = |conditions| -> Result<Vec<String>> {
        let mut subject = specimen.make_with(settings, conditions)?;
        let called = subject.call().err();
        let mut panicked = subject.stop();
        panicked.extend(called.filter(is_panic).map(|error| error.to_string()));
        Ok(panicked)
    };
    let mut findings = Vec::new();
    for conditions in conditions {
        match live(conditions) {
            Ok(found) => findings.extend(found.iter().map(|text| format!("{what}: {text}"))),
            Err(error) if is_panic(&error) => findings.push(told(what, &error)),
            Err(_) => {}
        }
    }
    findings.dedup();
    findings
}

fn is_panic(error: &Error) -> bool {
    error.kind() == ErrorKind::Panic
}

fn told(what: &str, error: &Error) -> String {
    format!("{what}: {error}")
}
