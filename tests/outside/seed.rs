//! What the original promised: the names, from the first scrape on, and its commands.

mod commands;

use gaxx_tests::Monitor;

/// Names of the main role, with their types.
const NAMES: [(&str, &str); 12] = [
    ("gaxx_app_starts", "counter"),
    ("gaxx_app_errors", "counter"),
    ("gaxx_tasks_started", "counter"),
    ("gaxx_task_duration", "histogram"),
    ("gaxx_task_success_rate_percent", "gauge"),
    ("gaxx_node_execution_duration", "histogram"),
    ("gaxx_file_transfer_duration", "histogram"),
    ("gaxx_file_transfer_throughput_mbps", "histogram"),
    ("gaxx_memory_heap_bytes", "gauge"),
    ("gaxx_goroutines_total", "gauge"),
    ("gaxx_gc_total", "counter"),
    ("gaxx_uptime_seconds", "gauge"),
];

/// Names of the seed that break today's naming rules, and stay.
pub(crate) const UNUSUAL: [&str; 10] = [
    "gaxx_app_starts",
    "gaxx_app_errors",
    "gaxx_tasks_started",
    "gaxx_task_duration",
    "gaxx_task_success_rate_percent",
    "gaxx_node_execution_duration",
    "gaxx_file_transfer_duration",
    "gaxx_file_transfer_throughput_mbps",
    "gaxx_goroutines_total",
    "gaxx_gc_total",
];

#[test]
fn the_first_scrape_has_every_name() {
    let monitor = Monitor::builder().start();
    let scrape = monitor.metrics();
    for (name, kind) in NAMES {
        let family = scrape
            .families
            .get(name)
            .unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(family.kind, kind, "{name}");
    }
    let value = |name| {
        scrape
            .value(name, &[])
            .unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(value("gaxx_app_starts"), 1.0);
    for zero in [
        "gaxx_app_errors",
        "gaxx_tasks_started",
        "gaxx_task_duration_count",
        "gaxx_task_duration_sum",
        "gaxx_node_execution_duration_count",
        "gaxx_file_transfer_duration_count",
        "gaxx_file_transfer_throughput_mbps_count",
    ] {
        assert_eq!(value(zero), 0.0, "{zero}");
    }
    assert_eq!(value("gaxx_task_success_rate_percent"), 100.0);
    assert!(value("gaxx_memory_heap_bytes") > 0.0);
    assert!(value("gaxx_goroutines_total") < 20.0, "at rest");
    assert!(value("gaxx_uptime_seconds") > 0.0);
}

#[test]
fn histograms_are_whole() {
    let monitor = Monitor::builder().start();
    for (name, family) in monitor.metrics().families {
        if family.kind != "histogram" {
            continue;
        }
        let infinite = family
            .samples
            .iter()
            .filter(|sample| sample.labels.get("le").is_some_and(|le| le == "+Inf"));
        let counts = family
            .samples
            .iter()
            .filter(|sample| sample.name == format!("{name}_count"));
        let infinite: Vec<f64> = infinite.map(|sample| sample.value).collect();
        assert_eq!(
            infinite,
            counts.map(|sample| sample.value).collect::<Vec<_>>(),
            "{name}"
        );
        assert!(!infinite.is_empty(), "{name}");
    }
}

#[test]
fn the_json_form_has_the_same_names() {
    let monitor = Monitor::builder().start();
    let rows = monitor.get("/api/metrics").expect(200).json();
    let rows = rows.as_array().unwrap();
    for (name, kind) in NAMES {
        let row = rows.iter().find(|row| row["name"] == name);
        let row = row.unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(row["type"], kind, "{row}");
        assert!(
            row["value"].is_number() && row["labels"].is_object(),
            "{row}"
        );
        assert!(row.get("timestamp").is_some(), "{row}");
        if kind == "histogram" {
            assert!(row["count"].is_number() && row["sum"].is_number(), "{row}");
            assert!(row.get("buckets").is_some(), "{row}");
        }
    }
}

#[test]
fn the_text_and_the_json_form_list_the_same_families() {
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    let text = monitor.metrics();
    let rows = monitor.get("/api/metrics").json();
    let names: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["name"].as_str())
        .collect();
    let missing: Vec<_> = text
        .families
        .keys()
        .filter(|name| !names.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
