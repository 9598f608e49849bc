//! `/api/events`: the dashboard's stream.

use std::io::{BufRead, BufReader};

use gaxx_tests::Monitor;
use serde_json::Value;

#[test]
fn states_come_one_after_another() {
    let monitor = Monitor::builder().start();
    let request = monitor
        .request("GET", "/api/events")
        .header("accept-encoding", "gzip");
    let (code, headers, body) = request.open().unwrap();
    assert_eq!(code, 200);
    assert!(
        headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/event-stream")
    );
    // Compressed, events would wait for a full buffer.
    assert!(headers.get("content-encoding").is_none());

    let events: Vec<Value> = BufReader::new(body)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("data:").map(str::to_owned))
        .map(|data| serde_json::from_str(data.trim()).unwrap())
        .take(3)
        .collect();
    assert_eq!(events.len(), 3);
    for state in &events {
        assert!(state["health"]["checks"].is_array(), "{state}");
        assert!(
            state["plugins"].is_array() && state["tiles"].is_array(),
            "{state}"
        );
    }
    let uptime = |state: &Value| state["uptime_seconds"].as_f64().unwrap();
    assert!(uptime(&events[2]) > uptime(&events[0]));
}

/// A collection every `metrics_interval` becomes one every 2 s while somebody watches.
#[test]
fn an_open_dashboard_makes_collections_frequent() {
    let monitor = Monitor::builder()
        .config("telemetry:\n  metrics_interval: 3600\n")
        .start();
    monitor.wait_ready();
    let (_, _, _body) = monitor.request("GET", "/api/events").open().unwrap();
    let calls = || {
        let system = monitor.plugin("system").unwrap();
        let components = system["components"].as_array().unwrap().clone();
        components
            .iter()
            .filter_map(|component| component["calls"].as_u64())
            .min()
            .unwrap_or(0)
    };
    let before = calls();
    gaxx_tests::wait_until("every collector is called twice more", || {
        calls() >= before + 2
    });
}
