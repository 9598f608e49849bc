//! Plugins of Nagios as health checks.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Programs, row, wait_check, wait_value};

#[test]
fn the_exit_is_the_status_and_the_first_line_the_message() {
    let mut programs = Programs::new();
    let all = [
        (
            "ok",
            "echo 'DISK OK - fine | a=1'; echo more",
            "healthy",
            "DISK OK - fine",
        ),
        ("warning", "echo low; exit 1", "degraded", "low"),
        ("critical", "echo gone; exit 2", "unhealthy", "gone"),
        (
            "unknown",
            "echo 'who knows'; exit 3",
            "unknown",
            "who knows",
        ),
        (
            "other",
            "echo odd; exit 4",
            "unknown",
            "/bin/sh ended with status 4: odd",
        ),
        (
            "high",
            "exit 255",
            "unknown",
            "/bin/sh ended with status 255: /bin/sh printed nothing",
        ),
        (
            "killed",
            "echo so far; kill -KILL $$",
            "unknown",
            "/bin/sh was ended by signal 9 (SIGKILL): so far",
        ),
        (
            "stderr",
            "echo first >&2; echo last >&2; exit 2",
            "unhealthy",
            "last",
        ),
        ("silent", "", "healthy", "/bin/sh printed nothing"),
        ("binary", "printf 'caf\\351'", "healthy", "caf\u{fffd}"),
    ];
    for (instance, lines, ..) in all {
        programs.check(instance, lines);
    }
    programs.add(
        "missing",
        json!({ "nagios": { "command": ["/no/such/check"] } }),
    );
    let monitor = programs.start();
    for (instance, _, status, message) in all {
        let report = wait_check(&monitor, instance, status);
        assert_eq!(report["message"], message, "{report}");
    }
    let report = wait_check(&monitor, "missing", "unknown");
    let message = report["message"].as_str().unwrap();
    assert!(message.contains("cannot run /no/such/check"), "{report}");
    let row = row(&monitor, "nagios@missing");
    assert!(
        row["remedy"].as_str().unwrap().contains("install it"),
        "{row}"
    );

    let report = wait_check(&monitor, "ok", "healthy");
    assert_eq!(report["details"]["output"], "more", "{report}");
    let health = monitor.get("/health").expect(503).json();
    assert_eq!(health["status"], "unhealthy", "{health}");
    let labels = [("check", "exec/nagios/critical"), ("status", "unhealthy")];
    wait_value(&monitor, "gaxx_health_check_status", &labels, 1.0);
}

#[test]
fn performance_data_becomes_metrics_in_base_units() {
    let mut programs = Programs::new();
    programs.check(
        "units",
        "echo \"OK | s=2s ms=5ms us=7us share=58% b=3B kb=2KB mb=2MB gb=2GB tb=2TB count=9c plain=4 'with space'=1 'it''s'=2 rpm=900rpm none=U bad=x\"
echo 'long text'; echo 'more | late=1'; echo 'later=2'",
    );
    let monitor = programs.start();
    let unreadable = [("check", "units")];
    wait_value(&monitor, "nagios_perfdata_unreadable", &unreadable, 1.0);
    let scrape = monitor.metrics();
    for (label, unit, value) in [
        ("s", "seconds", 2.0),
        ("ms", "seconds", 0.005),
        ("us", "seconds", 0.000_007),
        ("share", "ratio", 0.58),
        ("b", "bytes", 3.0),
        ("kb", "bytes", 2e3),
        ("mb", "bytes", 2e6),
        ("gb", "bytes", 2e9),
        ("tb", "bytes", 2e12),
        ("count", "total", 9.0),
        ("plain", "value", 4.0),
        ("with space", "value", 1.0),
        ("it's", "value", 2.0),
        ("rpm", "value", 900.0),
        ("late", "value", 1.0),
        ("later", "value", 2.0),
    ] {
        let labels = [("check", "units"), ("label", label)];
        let found = scrape.value(&format!("nagios_perfdata_{unit}"), &labels);
        assert_eq!(found, Some(value), "{label}");
    }
    assert_eq!(scrape.families["nagios_perfdata_total"].kind, "counter");
    // `U` says that there is no value.
    let none = [("label", "none")];
    assert_eq!(scrape.value("nagios_perfdata_value", &none), None);
}

#[test]
fn thresholds_become_the_bounds_of_their_ranges() {
    let mut programs = Programs::new();
    let lines = "echo 'OK | r1=5ms;10;10:;0;50 r2=1;~:10;10:20 r3=1%;@10:20;@~:5'; exit 1";
    programs.check("ranges", lines);
    let monitor = programs.start();
    wait_check(&monitor, "ranges", "degraded");
    wait_value(&monitor, "nagios_perfdata_ratio", &[("label", "r3")], 0.01);
    let scrape = monitor.metrics();
    for (label, unit, expected) in [
        (
            "r1",
            "seconds",
            &[
                ("critical lower outside", 0.01),
                ("warning lower outside", 0.0),
                ("warning upper outside", 0.01),
            ],
        ),
        (
            "r2",
            "value",
            &[
                ("critical lower outside", 10.0),
                ("critical upper outside", 20.0),
                ("warning upper outside", 10.0),
            ],
        ),
        (
            "r3",
            "ratio",
            &[
                ("critical upper inside", 0.05),
                ("warning lower inside", 0.1),
                ("warning upper inside", 0.2),
            ],
        ),
    ] {
        let mut samples = scrape.samples(&format!("nagios_perfdata_threshold_{unit}"));
        samples.retain(|sample| sample.labels["label"] == label);
        let bounds: BTreeMap<String, f64> = samples
            .into_iter()
            .map(|sample| {
                let parts = ["level", "bound", "alert"].map(|name| sample.labels[name].as_str());
                (parts.join(" "), sample.value)
            })
            .collect();
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(bounds, BTreeMap::from(expected), "{label}");
    }
    for (limit, value) in [("min", 0.0), ("max", 0.05)] {
        let labels = [("label", "r1"), ("limit", limit)];
        let found = scrape.value("nagios_perfdata_limit_seconds", &labels);
        assert_eq!(found, Some(value), "{limit}");
    }
}

/// What a run measured is not true of the next one, if that gives no result.
#[test]
fn a_run_without_a_result_leaves_no_measurement() {
    let mut programs = Programs::new();
    let lines = "[ -e broken ] && exec cat /dev/zero; echo 'OK | a=1'";
    programs.check("fickle", lines);
    let monitor = programs.start();
    wait_value(&monitor, "nagios_perfdata_value", &[("label", "a")], 1.0);
    std::fs::write(programs.file("broken"), "").unwrap();
    wait_check(&monitor, "fickle", "unknown");
    gaxx_tests::wait_until("the measurement is gone", || {
        monitor
            .metrics()
            .samples("nagios_perfdata_value")
            .is_empty()
    });
}
