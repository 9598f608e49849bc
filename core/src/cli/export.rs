//! `export`: one batch, sent at once, and what became of it.

use std::{process::ExitCode, time::Duration};

use super::{
    arguments::{Common, Export},
    load::{block_on, end, once, refuse},
    style,
};
use crate::{
    export::{Sent, name},
    monitor::Monitor,
    plugin::{Kind, collecting, record::Failure},
    registry::Selection,
};

pub(super) fn run(common: &Common, export: &Export) -> ExitCode {
    let monitor = match once(common) {
        Ok(monitor) => monitor,
        Err(code) => return code,
    };
    let result = block_on(async {
        let result = send(&monitor, &export.name).await;
        end(&monitor).await;
        result
    });
    match result {
        Ok(Ok(sent)) => {
            style::say(&format!("{}\n", told(&export.name, sent)));
            ExitCode::SUCCESS
        }
        Ok(Err(why)) => refuse(&why),
        Err(code) => code,
    }
}

async fn send(monitor: &Monitor, wanted: &str) -> Result<Sent, String> {
    let components = monitor.catalog.components();
    let exporters = || {
        let exporters = components.iter();
        exporters.filter(|component| component.kind == Kind::Exporter)
    };
    if !exporters().any(|exporter| name(&exporter.owner) == wanted) {
        return Err(missing(
            monitor,
            wanted,
            exporters().map(|exporter| name(&exporter.owner)),
        ));
    }
    let patience = components.iter().map(|one| one.timing.deadline).max();
    let patience = patience.unwrap_or_default();
    collecting::refresh(&components, &Selection::All, Duration::ZERO, patience).await;
    let sent = monitor.export_once(wanted).await;
    sent.map_err(
        |Failure {
             message, remedy, ..
         }| match remedy.as_str() {
            "" => format!("{wanted}: {message}"),
            remedy => format!("{wanted}: {message}; {remedy}"),
        },
    )
}

/// Why there is none of this name: it could not be made, or the configuration has none.
fn missing<'a>(monitor: &Monitor, wanted: &str, known: impl Iterator<Item = &'a str>) -> String {
    let plugins = monitor.catalog.plugins();
    let mut broken = plugins.iter().flat_map(|plugin| &plugin.broken);
    let broken = broken
        .find(|broken| broken.want.kind == Kind::Exporter && name(&broken.want.owner) == wanted);
    if let Some(broken) = broken {
        let Failure {
            message, remedy, ..
        } = &broken.failure;
        return format!("{wanted}: {message}; {remedy}");
    }
    let known: Vec<&str> = known.collect();
    if known.is_empty() {
        return format!(
            "there is no exporter {wanted:?}: the configuration has none; add a section below `exporters`"
        );
    }
    format!(
        "there is no exporter {wanted:?}; there are: {}",
        known.join(", ")
    )
}

fn told(name: &str, sent: Sent) -> String {
    let Sent {
        samples,
        left_out,
        took,
    } = sent;
    let left_out = match left_out {
        0 => String::new(),
        count => format!(", {count} series left out"),
    };
    format!(
        "{name}: delivered {samples} samples in {:.0} ms{left_out}",
        took.as_secs_f64() * 1e3
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_told() {
        let sent = Sent {
            samples: 812,
            left_out: 0,
            took: Duration::from_millis(12),
        };
        assert_eq!(told("file", sent), "file: delivered 812 samples in 12 ms");
        let sent = Sent {
            left_out: 3,
            ..sent
        };
        assert!(told("file", sent).ends_with("12 ms, 3 series left out"));
    }
}
