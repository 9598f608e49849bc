//! A real Prometheus scrapes for some seconds and answers questions.

use gaxx_tests::{Monitor, Prometheus, QueryValue, require};

/// Questions that must find something: the machine's, the process' and the self-observation.
const QUESTIONS: [&str; 8] = [
    "gaxx_app_starts == 1",
    "gaxx_task_success_rate_percent == 100",
    "gaxx_memory_heap_bytes > 0",
    "gaxx_uptime_seconds > 0",
    "sum(node_cpu_seconds_total) > 0",
    "node_memory_MemTotal_bytes > 0",
    "node_load1 >= 0",
    "histogram_quantile(0.9, gaxx_task_duration_bucket) or vector(0)",
];

#[test]
fn prometheus_scrapes_and_answers() {
    scraped(false);
}

/// With native histograms enabled Prometheus asks for protobuf, and gets it.
#[test]
fn prometheus_reads_the_protobuf_form() {
    scraped(true);
}

fn scraped(protobuf: bool) {
    let Some(tool) = require("prometheus") else {
        return;
    };
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    let builder = Prometheus::builder().scrape("gaxx-cli", monitor.address());
    let builder = if protobuf {
        builder.protobuf()
    } else {
        builder
    };
    let prometheus = builder.start(&tool);
    prometheus.wait_up("gaxx-cli", 5);
    for question in QUESTIONS {
        let answer = prometheus.query(question);
        assert!(!answer.is_empty(), "{question} finds nothing");
    }
    // Cumulative: the uptime of later scrapes is the greater one.
    let grown = prometheus.query("delta(gaxx_uptime_seconds[1m])");
    assert!(grown[0].value > 0.0, "{grown:?}");
    let target = &prometheus.targets()[0];
    assert_eq!(
        (target.health.as_str(), target.last_error.as_str()),
        ("up", "")
    );
}

#[test]
fn filters_work_as_a_scrape_configuration_gives_them() {
    let Some(tool) = require("prometheus") else {
        return;
    };
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    let collector = monitor.plugin("system").unwrap()["components"]
        .as_array()
        .unwrap()
        .iter()
        .find(|component| component["kind"] == "collector")
        .and_then(|component| component["name"].as_str().map(str::to_owned))
        .unwrap();
    let more = format!("    params: {{'collect[]': ['{collector}']}}\n");
    let prometheus = Prometheus::builder()
        .scrape_with("some", monitor.address(), &more)
        .start(&tool);
    prometheus.wait_up("some", 2);
    let found = prometheus.query("count({job=\"some\", __name__=~\"node_.+\"})");
    assert!(!found.is_empty(), "nothing of {collector}");
}

/// Whichever form is scraped, the series are the same.
#[test]
fn prometheus_reads_openmetrics_and_stores_the_same_series() {
    let Some(tool) = require("prometheus") else {
        return;
    };
    let monitor = Monitor::builder()
        .config("scrape: {openmetrics: true}\n")
        .start();
    monitor.wait_ready();
    let scrape = monitor
        .request("GET", "/metrics")
        .header("accept", "application/openmetrics-text; version=1.0.0")
        .send();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(scrape.header("content-type"), kind);
    assert!(scrape.text().ends_with("# EOF\n"));
    assert!(scrape.text().contains("# TYPE gaxx_app_starts unknown\n"));
    assert!(scrape.text().contains("# TYPE node_cpu_seconds counter\n"));
    let prometheus = Prometheus::builder()
        .scrape("gaxx-cli", monitor.address())
        .start(&tool);
    prometheus.wait_up("gaxx-cli", 3);
    let stored = prometheus.query("{job=\"gaxx-cli\"}");
    let stored: std::collections::BTreeSet<_> = stored.iter().map(QueryValue::identity).collect();
    let text = monitor.metrics();
    let mut count = 0;
    for sample in text.families.values().flat_map(|family| &family.samples) {
        count += usize::from(stored.contains(&sample.identity()));
    }
    let all: usize = text
        .families
        .values()
        .map(|family| family.samples.len())
        .sum();
    // A few series are new since the last scrape.
    assert!(count > 500 && all - count < 20, "{count} of {all}");
}
