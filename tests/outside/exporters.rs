//! Exporters with real receivers.

mod otlp;
mod remote_write;

use gaxx_tests::{Monitor, wait_until};

/// Waits until so many batches have been taken, and none waits.
#[track_caller]
fn wait_delivered(monitor: &Monitor, exporter: &str, batches: f64) {
    wait_until(&format!("{exporter} delivers"), || {
        let metrics = monitor.metrics();
        let own = ("exporter", exporter);
        let sent = metrics.value("gaxx_export_batches_total", &[own, ("outcome", "sent")]);
        let waiting = metrics.value("gaxx_export_queue_batches", &[own]);
        sent >= Some(batches) && waiting == Some(0.0)
    });
}

/// How many batches were lost, for whatever reason.
#[track_caller]
fn lost(monitor: &Monitor, exporter: &str) -> f64 {
    let metrics = monitor.metrics();
    let all = metrics.samples("gaxx_export_lost_batches_total");
    let own = all.iter().filter(|it| it.labels["exporter"] == exporter);
    own.map(|sample| sample.value).sum()
}
