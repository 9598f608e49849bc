//! `/metrics`: encodings, filters, and what promtool thinks of it.

use std::collections::BTreeSet;
use std::io::Read;

use gaxx_tests::{Exposition, Monitor, NodeExporter, check_metrics, require};

use crate::seed;

#[test]
fn every_family_has_help_and_type_once() {
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    // The parser refuses a second HELP or TYPE, and a family in two places.
    for (name, family) in monitor.metrics().families {
        assert!(!family.help.is_empty(), "{name} has no HELP");
        assert!(!family.kind.is_empty(), "{name} has no TYPE");
        assert!(!family.samples.is_empty(), "{name} has no sample");
    }
}

#[test]
fn gzip_comes_only_when_asked_for() {
    let monitor = Monitor::builder().start();
    let with = |value: &str| {
        monitor
            .request("GET", "/metrics")
            .header("accept-encoding", value)
            .send()
            .expect(200)
    };
    for value in ["gzip", "deflate, gzip;q=0.5", "*"] {
        let response = with(value);
        assert_eq!(response.header("content-encoding"), "gzip", "{value}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(response.body.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        Exposition::parse(&text).unwrap();
    }
    for value in ["identity", "gzip;q=0", "deflate", ""] {
        let response = with(value);
        assert_eq!(response.header("content-encoding"), "", "{value:?}");
        Exposition::parse(response.text()).unwrap();
    }
    let plain = monitor.get("/metrics");
    assert!(
        plain
            .header("vary")
            .to_lowercase()
            .contains("accept-encoding"),
        "{:?}",
        plain.headers
    );
}

#[test]
fn the_form_follows_the_accept_header() {
    const PROTOBUF: &str = "application/vnd.google.protobuf; \
        proto=io.prometheus.client.MetricFamily; encoding=delimited";
    let monitor = Monitor::builder().start();
    let kind = |accept: &str| {
        let response = monitor
            .request("GET", "/metrics")
            .header("accept", accept)
            .send();
        (response.status, response.header("content-type").to_owned())
    };
    // As Prometheus asks, with native histograms and without.
    let modern = format!(
        "{PROTOBUF};q=0.8,application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    );
    let classic = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    for accept in [PROTOBUF, modern.as_str()] {
        let (status, kind) = kind(accept);
        assert_eq!(status, 200, "{accept}");
        assert!(
            kind.starts_with("application/vnd.google.protobuf"),
            "{accept} gave {kind}"
        );
        assert!(kind.contains("encoding=delimited"), "{accept} gave {kind}");
    }
    // OpenMetrics is for who has turned it on.
    for accept in [
        classic,
        "text/plain",
        "*/*",
        "application/openmetrics-text",
        "text/html",
    ] {
        let (status, kind) = kind(accept);
        assert_eq!(
            (status, kind.as_str()),
            (200, "text/plain; version=0.0.4; charset=utf-8"),
            "{accept}"
        );
    }
}

#[test]
fn collect_and_exclude_divide_the_machines_metrics() {
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    let collectors = collectors(&monitor);
    assert!(collectors.len() > 1, "{collectors:?}");
    let all = machine_families(&monitor, "");
    let mut together = BTreeSet::new();
    for name in &collectors {
        let only = machine_families(&monitor, &format!("?collect[]={name}"));
        let rest = machine_families(&monitor, &format!("?exclude[]={name}"));
        assert!(
            only.is_disjoint(&rest),
            "{name}: {:?}",
            only.intersection(&rest)
        );
        assert!(
            only.is_disjoint(&together),
            "{name}: {:?}",
            only.intersection(&together)
        );
        together.extend(only);
    }
    assert_eq!(together, all);

    let [first, second] = [&collectors[0], &collectors[1]];
    let both = machine_families(
        &monitor,
        &format!("?collect[]={first}&collect%5B%5D={second}"),
    );
    let neither = machine_families(
        &monitor,
        &format!("?exclude[]={first}&exclude%5B%5D={second}"),
    );
    assert!(both.is_disjoint(&neither));
    assert_eq!(&both | &neither, all);
}

#[test]
fn bad_filters_are_400_and_name_what_is_wrong() {
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    let name = &collectors(&monitor)[0];
    for query in [
        format!("collect[]={name}&exclude[]={name}"),
        "collect[]=no-such-collector".to_owned(),
        "exclude[]=no-such-collector".to_owned(),
    ] {
        let answer = monitor.get(&format!("/metrics?{query}")).expect(400).json();
        assert!(
            answer["remedy"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{answer}"
        );
        if query.contains("no-such") {
            assert!(
                answer["error"]
                    .as_str()
                    .unwrap()
                    .contains("no-such-collector"),
                "{answer}"
            );
        }
    }
}

#[test]
fn the_scrapers_own_timeout_is_understood() {
    let monitor = Monitor::builder().start();
    for seconds in ["10", "0.5", "0.001"] {
        let header = "x-prometheus-scrape-timeout-seconds";
        let response = monitor
            .request("GET", "/metrics")
            .header(header, seconds)
            .send();
        Exposition::parse(response.expect(200).text()).unwrap();
    }
}

#[test]
fn promtool_reads_it_and_finds_fault_only_with_inherited_names() {
    let Some(promtool) = require("promtool") else {
        return;
    };
    let Some(node_exporter) = require("prometheus-node-exporter") else {
        return;
    };
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    let check = check_metrics(&promtool, monitor.get("/metrics").text());
    assert!(check.errors.is_empty(), "{check:#?}");

    let inherited = NodeExporter::start(&node_exporter).metrics().families;
    let ours: Vec<_> = check
        .lints
        .iter()
        .filter(|(name, _)| {
            // Named after the kernel's fields; newer node_exporters have more of them.
            let kernels = name.starts_with("node_netstat_");
            !inherited.contains_key(name) && !kernels && !seed::UNUSUAL.contains(&name.as_str())
        })
        .collect();
    assert!(ours.is_empty(), "{ours:#?}");
}

/// The names of all collectors, as `collect[]` takes them.
fn collectors(monitor: &Monitor) -> Vec<String> {
    let plugins = monitor.plugins();
    let components = plugins
        .iter()
        .filter_map(|plugin| plugin["components"].as_array())
        .flatten();
    let on = components.filter(|component| component["state"] != "disabled");
    let collectors = on.filter(|component| component["kind"] == "collector");
    collectors
        .filter_map(|component| component["name"].as_str())
        .map(str::to_owned)
        .collect()
}

fn machine_families(monitor: &Monitor, query: &str) -> BTreeSet<String> {
    let response = monitor.get(&format!("/metrics{query}")).expect(200);
    let families = Exposition::parse(response.text())
        .unwrap()
        .families
        .into_keys();
    // What tells of the collectors themselves is core's own.
    let machine = |name: &String| name.starts_with("node_") && !name.starts_with("node_scrape_");
    families.filter(machine).collect()
}
