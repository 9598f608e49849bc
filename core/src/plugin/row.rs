//! Plugins as `/api/plugins` and the dashboard show them.

use serde::Serialize;

use super::{Broken, Component, Kind, Plugin, State};
use crate::{
    isolation::{self, Status},
    time::rfc3339,
};

/// A plugin.
#[derive(Debug, Clone, Serialize)]
pub struct PluginRow {
    /// Its name.
    pub name: String,
    /// Its version; empty where it could not be loaded.
    pub version: String,
    /// One line for people.
    pub description: String,
    /// Where it was loaded from; `null` for one that is linked in.
    pub file: Option<String>,
    /// BLAKE3 of the file.
    pub digest: Option<String>,
    /// The process it runs in; `null` for one that runs in the program.
    pub process: Option<ProcessRow>,
    /// `running`, `degraded`, `stuck`, `failed` or `disabled`.
    pub state: &'static str,
    /// What went wrong last, if it still is wrong.
    pub error: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Calls of all components.
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// How long the last call of each component took, together, in seconds.
    pub last_seconds: f64,
    /// How long all calls took, in seconds.
    pub total_seconds: f64,
    /// Series of all components, in lines of a scrape.
    pub series: usize,
    /// Its components.
    pub components: Vec<ComponentRow>,
}

/// The process of a plugin.
#[derive(Debug, Clone, Serialize)]
pub struct ProcessRow {
    /// Its number; `null` while there is none.
    pub pid: Option<u32>,
    /// How often it was started again.
    pub restarts: u64,
    /// Its resident memory.
    pub resident_bytes: Option<f64>,
}

/// A component.
#[derive(Debug, Clone, Serialize)]
pub struct ComponentRow {
    /// Its name, with the instance where there are several.
    pub name: String,
    /// `collector`, `check`, `exporter` or `endpoint`.
    pub kind: &'static str,
    /// As of a plugin.
    pub state: &'static str,
    /// Calls that ended or passed their deadline.
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// How long the last call took, in seconds.
    pub last_seconds: f64,
    /// How long all calls took, in seconds.
    pub total_seconds: f64,
    /// When a call last succeeded.
    pub last_success: Option<String>,
    /// Its series, in lines of a scrape.
    pub series: usize,
    /// What went wrong last, if it still is wrong.
    pub error: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl PluginRow {
    /// The row of a plugin.
    pub fn of(plugin: &Plugin) -> Self {
        let mut components: Vec<ComponentRow> = plugin
            .components
            .iter()
            .map(|running| ComponentRow::of(&running.component))
            .collect();
        for Broken { want, failure, .. } in &plugin.broken {
            let (name, kind) = (want.owner.component_label(), want.kind);
            let error = (Some(failure.message.clone()), some_text(&failure.remedy));
            components.push(ComponentRow::idle(name, kind, State::Failed, error));
        }
        for (name, kind) in &plugin.off {
            components.push(ComponentRow::idle(
                name.clone(),
                *kind,
                State::Disabled,
                (None, None),
            ));
        }
        let failed = plugin.failed.as_ref();
        let process = plugin.process();
        let ended = process.and_then(|status| ended(status));
        let refused = plugin.refused.as_ref();
        let first = components.iter().find(|row| row.error.is_some());
        let named = |row: &ComponentRow| {
            row.error
                .as_ref()
                .map(|error| format!("{}: {error}", row.name))
        };
        Self {
            name: plugin.name.clone(),
            version: plugin.version.clone(),
            description: plugin.description.clone(),
            file: plugin
                .file
                .as_ref()
                .map(|(file, _)| file.display().to_string()),
            digest: plugin.digest().map(str::to_owned),
            process: process.map(|status| ProcessRow::of(status)),
            state: plugin.state().label(),
            error: failed
                .map(|failed| failed.error.clone())
                .or_else(|| refused.map(|refused| refused.error.clone()))
                .or(ended)
                .or_else(|| first.and_then(named)),
            remedy: failed
                .and_then(|failed| some_text(&failed.remedy))
                .or_else(|| refused.map(|refused| refused.remedy.clone()))
                .or_else(|| first.and_then(|row| row.remedy.clone())),
            calls: components.iter().map(|row| row.calls).sum(),
            failures: components.iter().map(|row| row.failures).sum(),
            last_seconds: components.iter().map(|row| row.last_seconds).sum(),
            total_seconds: components.iter().map(|row| row.total_seconds).sum(),
            series: components.iter().map(|row| row.series).sum(),
            components,
        }
    }
}

impl ProcessRow {
    fn of(status: &Status) -> Self {
        Self {
            pid: status.pid(),
            restarts: status.restarts(),
            resident_bytes: status.resident(),
        }
    }
}

/// Why a process is not there.
fn ended(status: &Status) -> Option<String> {
    match status.state() {
        isolation::State::Down { why, .. } | isolation::State::Failed { why, .. } => Some(why),
        isolation::State::Up | isolation::State::Stopped => None,
    }
}

impl ComponentRow {
    fn of(component: &Component) -> Self {
        let record = component.record();
        let state = match (&record.failure, record.is_stuck()) {
            (_, true) => State::Stuck,
            (Some(_), false) => State::Degraded,
            (None, false) => State::Running,
        };
        Self {
            name: component.owner.component_label(),
            kind: component.kind.label(),
            state: state.label(),
            calls: record.calls,
            failures: record.failures,
            last_seconds: record.last.as_secs_f64(),
            total_seconds: record.total.as_secs_f64(),
            last_success: record.last_success.map(|(_, at)| rfc3339(at)),
            series: component.table.status().series,
            error: record
                .failure
                .as_ref()
                .map(|failure| failure.message.clone()),
            remedy: record
                .failure
                .as_ref()
                .and_then(|failure| some_text(&failure.remedy)),
        }
    }

    fn idle(
        name: String,
        kind: Kind,
        state: State,
        (error, remedy): (Option<String>, Option<String>),
    ) -> Self {
        Self {
            name,
            kind: kind.label(),
            state: state.label(),
            calls: 0,
            failures: 0,
            last_seconds: 0.0,
            total_seconds: 0.0,
            last_success: None,
            series: 0,
            error,
            remedy,
        }
    }
}

fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
