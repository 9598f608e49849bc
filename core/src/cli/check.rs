//! `check`: health checks once, with the exit status of a Nagios plugin.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    arguments::{Check, CheckFormat, Common},
    load::{block_on, end, once, refuse},
    nagios, style, table,
};
use crate::{
    export,
    health::{Report, check_name},
    monitor::Monitor,
    plugin::collecting,
    registry::Selection,
};

/// What monitoring systems take for "it could not be found out".
const UNKNOWN: u8 = 3;

pub(super) fn run(common: &Common, check: &Check) -> ExitCode {
    // What is wrong has been said.
    let Ok(monitor) = once(common) else {
        return ExitCode::from(UNKNOWN);
    };
    let known: Vec<String> = monitor
        .health
        .report()
        .checks
        .into_iter()
        .map(|c| c.name)
        .filter(|name| !name.starts_with(export::CHECKS))
        .collect();
    if let Some(unknown) = check.names.iter().find(|name| !known.contains(name)) {
        refuse(&format!(
            "there is no check {unknown:?}; there are: {}",
            known.join(", ")
        ));
        return ExitCode::from(UNKNOWN);
    }
    let report = block_on(async {
        monitor
            .check_once(|name| check.names.is_empty() || check.names.iter().any(|n| n == name))
            .await;
        let report = monitor.health.report();
        end(&monitor).await;
        report
    });
    match report {
        Ok(report) => print(report, check),
        Err(_) => ExitCode::from(UNKNOWN),
    }
}

fn print(mut report: Report, check: &Check) -> ExitCode {
    // What exporters deliver is known by the program that runs.
    report.checks.retain(|one| {
        let wanted = check.names.is_empty() || check.names.contains(&one.name);
        wanted && !one.name.starts_with(export::CHECKS)
    });
    // Unknown is worst only where nothing is known to be wrong, as monitoring systems have it.
    let rank = |status: &str| match status {
        "healthy" => 0,
        "unknown" => 1,
        "degraded" => 2,
        _ => 3,
    };
    let worst = report
        .checks
        .iter()
        .map(|one| one.status)
        .max_by_key(|status| rank(status));
    report.status = worst.unwrap_or("healthy");
    match check.format {
        CheckFormat::Json => {
            style::say(&format!(
                "{}\n",
                serde_json::to_string_pretty(&report).unwrap_or_default()
            ));
        }
        CheckFormat::Nagios => style::say(&nagios::format(&report)),
        CheckFormat::Text => {
            let colours = style::colours();
            let rows: Vec<Vec<String>> = report
                .checks
                .iter()
                .map(|one| {
                    vec![
                        style::state(one.status, colours),
                        one.name.clone(),
                        one.message.clone(),
                    ]
                })
                .collect();
            style::say(&table::format(&rows));
        }
    }
    match report.status {
        "healthy" => ExitCode::SUCCESS,
        "degraded" => ExitCode::from(1),
        "unhealthy" => ExitCode::from(2),
        _ => ExitCode::from(UNKNOWN),
    }
}

impl Monitor {
    /// Runs the checks of these names once, and waits for them.
    async fn check_once(self: &Arc<Self>, wanted: impl Fn(&str) -> bool) {
        // So that "every collector delivers" is known.
        let components = self.catalog.components();
        let patience = components
            .iter()
            .map(|one| one.timing.deadline)
            .max()
            .unwrap_or_default();
        collecting::refresh(&components, &Selection::All, Duration::ZERO, patience).await;
        for component in &components {
            if let Some(call) = component.record().call {
                component.idle(call.due).await;
            }
            // Only one that is known to be late counts as not delivering.
            component.overdue(Instant::now());
        }
        let pending = self.begin_checks(|owner| wanted(&check_name(owner)));
        for component in pending {
            let until = Instant::now() + component.timing.deadline;
            component.idle(until).await;
            self.note_late(&component);
        }
    }
}
