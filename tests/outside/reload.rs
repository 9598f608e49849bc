//! SIGHUP reads the configuration again.

use gaxx_tests::{Monitor, PluginFolder, cdylib, wait_until};
use rustix::process::Signal;

#[test]
fn a_good_configuration_comes_into_force() {
    let mut monitor = Monitor::builder()
        .config("telemetry:\n  metrics_interval: 30\n")
        .start();
    monitor.wait_ready();
    monitor.rewrite_config(
        "telemetry:\n  metrics_interval: 30\nplugins:\n  system:\n    enabled: false\n",
    );
    monitor.signal(Signal::HUP);
    wait_until("the system plugin is off", || {
        monitor
            .plugin("system")
            .is_none_or(|row| row["state"] == "disabled")
    });
    wait_until("its metrics are gone", || {
        !monitor
            .metrics()
            .families
            .keys()
            .any(|name| name.starts_with("node_"))
    });
    assert_eq!(monitor.metrics().value("gaxx_app_starts", &[]), Some(1.0));
}

#[test]
fn a_broken_one_is_refused_with_its_reason_and_the_old_one_stays() {
    let mut monitor = Monitor::builder()
        .config("telemetry:\n  metrics_interval: 30\n")
        .start();
    monitor.wait_ready();
    monitor.rewrite_config("telemetry:\n  metrics_intervall: 30\n");
    monitor.signal(Signal::HUP);
    let reason = monitor.wait_log("metrics_intervall");
    assert!(
        reason.contains("config.yaml") || monitor.log_contains("config.yaml:2:"),
        "{reason}"
    );
    assert!(
        monitor.log_contains("metrics_interval"),
        "{:?}",
        monitor.log()
    );
    assert_eq!(monitor.get("/metrics").status, 200);
    assert_eq!(monitor.plugin("system").unwrap()["state"], "running");

    // And a later good one is taken.
    monitor.rewrite_config("plugins:\n  system:\n    enabled: false\n");
    monitor.signal(Signal::HUP);
    wait_until("the system plugin is off", || {
        monitor
            .plugin("system")
            .is_none_or(|row| row["state"] == "disabled")
    });
}

#[test]
fn an_exporter_comes_and_goes_with_its_section() {
    let folder = PluginFolder::new();
    folder.add(&cdylib("gaxx-example-jsonl"));
    let mut monitor = Monitor::builder()
        .plugins(folder.path())
        .config("telemetry:\n  metrics_interval: 30\n")
        .start();
    monitor.wait_ready();
    let sent = |monitor: &Monitor| {
        let labels = [("exporter", "jsonl"), ("outcome", "sent")];
        monitor
            .metrics()
            .value("gaxx_export_batches_total", &labels)
    };
    assert_eq!(sent(&monitor), None);
    let samples = folder.path().join("samples.jsonl");
    monitor.rewrite_config(&format!(
        "exporters:\n  jsonl: {{path: {}, interval: 1s}}\n",
        samples.display()
    ));
    monitor.signal(Signal::HUP);
    wait_until("batches are sent", || {
        sent(&monitor).is_some_and(|sent| sent >= 2.0)
    });
    monitor.rewrite_config("telemetry:\n  metrics_interval: 30\n");
    monitor.signal(Signal::HUP);
    wait_until("its metrics are gone", || sent(&monitor).is_none());
    assert!(samples.metadata().unwrap().len() > 0);
}
