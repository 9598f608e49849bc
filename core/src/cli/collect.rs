//! `collect`: one collection, printed.

use std::{collections::BTreeSet, process::ExitCode, time::Duration};

use super::{
    arguments::{Collect, CollectFormat, Common},
    load::{block_on, end, once, refuse},
    style, table,
};
use crate::{
    monitor::Monitor,
    plugin::{
        Kind,
        collecting::{self, is_collected},
        text::one_line,
    },
    registry::{CORE, Selected, Selection, Value, json, text},
};

/// Texts of plugins are cut after so many characters.
const LONGEST: usize = 1000;

pub(super) fn run(common: &Common, collect: &Collect) -> ExitCode {
    let monitor = match once(common) {
        Ok(monitor) => monitor,
        Err(code) => return code,
    };
    let selection = match selection(&monitor, &collect.names) {
        Ok(selection) => selection,
        Err(message) => return refuse(&message),
    };
    let patience = monitor
        .catalog
        .components()
        .iter()
        .map(|one| one.timing.deadline)
        .max();
    let collected = block_on(async {
        let components = monitor.catalog.components();
        let patience = patience.unwrap_or_default();
        collecting::refresh(&components, &selection, Duration::ZERO, patience).await;
        print(&monitor, &selection, collect.format);
        let failed = tell_failures(&monitor, &selection);
        end(&monitor).await;
        failed
    });
    match collected {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::FAILURE,
        Err(code) => code,
    }
}

fn selection(monitor: &Monitor, names: &[String]) -> Result<Selection, String> {
    if names.is_empty() {
        return Ok(Selection::Except(BTreeSet::from([CORE.to_owned()])));
    }
    // Checks and exporters have names too, and nothing to collect.
    let components = monitor.catalog.components();
    let collects = |name: &String| {
        let named = Selection::Only(BTreeSet::from([name.clone()]));
        let mut collected = components
            .iter()
            .filter(|component| is_collected(component));
        name == CORE || collected.any(|component| named.takes(&component.owner))
    };
    let mut known = monitor.registry.names();
    known.retain(collects);
    if let Some(unknown) = names.iter().find(|name| !known.contains(*name)) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        return Err(format!(
            "there is no collector {unknown:?}; there are: {}",
            known.join(", ")
        ));
    }
    Ok(Selection::Only(names.iter().cloned().collect()))
}

fn print(monitor: &Monitor, selection: &Selection, format: CollectFormat) {
    let snapshot = monitor.registry.snapshot();
    let selected = snapshot.select(selection);
    let bytes = match format {
        CollectFormat::Prometheus => text::encode(&selected),
        CollectFormat::Json => [json::encode(&selected), b"\n".to_vec()].concat(),
        CollectFormat::Text => readable(&selected).into_bytes(),
    };
    style::say(&String::from_utf8_lossy(&bytes));
}

fn readable(selected: &Selected<'_>) -> String {
    let colours = style::colours();
    let mut out = String::new();
    for family in selected.families() {
        out.push_str(&style::heading(family.name(), colours));
        out.push_str("  ");
        out.push_str(&one_line(family.help(), LONGEST));
        out.push('\n');
        let rows: Vec<Vec<String>> = family
            .samples()
            .map(|sample| {
                let labels: Vec<String> = sample
                    .labels()
                    .map(|(name, value)| format!("{name}={}", one_line(value, LONGEST)))
                    .collect();
                let value = match sample.value {
                    Value::Number(value) => value.to_string(),
                    Value::Histogram { count, sum, .. } => {
                        format!("{count} observations, sum {sum}")
                    }
                };
                vec![format!("  {value}"), labels.join(" ")]
            })
            .collect();
        out.push_str(&table::format(&rows));
    }
    out
}

/// Says on standard error which collectors failed; answers whether any did.
fn tell_failures(monitor: &Monitor, selection: &Selection) -> bool {
    let mut any = false;
    for component in monitor.catalog.components() {
        let record = component.record();
        let asked = component.kind == Kind::Collector && selection.takes(&component.owner);
        if asked && record.last_success.is_none() {
            let reason = record
                .failure
                .map_or_else(|| "no answer in time".to_owned(), |f| f.message);
            eprintln!("{}: {reason}", component.owner);
            any = true;
        }
    }
    any
}
