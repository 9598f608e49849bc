//! OTLP, with rotel at the other end.

use std::net::TcpListener;

use gaxx_tests::{Monitor, Rotel, require, wait_until};

use super::{lost, wait_delivered};

/// The seed's key turns it on, and each family arrives as what OpenTelemetry has for its type.
#[test]
fn all_that_is_scraped_arrives_by_http_and_by_grpc() {
    let Some(tool) = require("rotel-agent") else {
        return;
    };
    for protocol in ["http", "grpc"] {
        let rotel = Rotel::start(&tool);
        let builder = Monitor::builder();
        let builder = if protocol == "http" {
            builder
                .env("GAXX_OTLP_ENDPOINT", rotel.http())
                .config("exporters:\n  otlp: {interval: 200ms}\n")
        } else {
            builder.config(&format!(
                "exporters:\n  otlp: {{endpoint: '{}', protocol: grpc, interval: 200ms, max_points: 100}}\n",
                rotel.grpc()
            ))
        };
        let monitor = builder.start();
        monitor.wait_ready();
        wait_delivered(&monitor, "otlp", 3.0);
        let (scraped, taken) = (monitor.metrics(), rotel.metrics());
        // What first had a value after the last batch is in none.
        let known = scraped
            .families
            .iter()
            .filter(|(name, _)| taken.contains_key(*name));
        let mut kinds = std::collections::BTreeSet::new();
        for (name, family) in known {
            let metric = &taken[name];
            let wanted = match family.kind.as_str() {
                "counter" => ("Sum", true, true),
                "histogram" => ("Histogram", false, true),
                _ => ("Gauge", false, false),
            };
            let is = (metric.kind.as_str(), metric.monotonic, metric.cumulative);
            assert_eq!(is, wanted, "{name}");
            kinds.insert(wanted.0);
        }
        assert_eq!(kinds.len(), 3, "{kinds:?}");
        let absent: Vec<_> = scraped
            .families
            .keys()
            .filter(|name| !taken.contains_key(*name))
            .collect();
        assert!(absent.len() < 5, "{protocol}: {absent:?}");
        let total = scraped.value("node_memory_MemTotal_bytes", &[]).unwrap();
        let points = &taken["node_memory_MemTotal_bytes"].points;
        assert!(points.contains(&format!("Value: {total}")), "{points:?}");
        let said = rotel.said();
        for attribute in [
            "service.name: Str(gaxx-mon)",
            "service.instance.id: ",
            "host.name: ",
        ] {
            assert!(said.contains(attribute), "{attribute}");
        }
        assert!(lost(&monitor, "otlp").abs() < 0.5);
    }
}

/// What was measured while nobody was there arrives when somebody is.
#[test]
fn what_waits_arrives_when_the_receiver_does() {
    let Some(tool) = require("rotel-agent") else {
        return;
    };
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let monitor = Monitor::builder()
        .config(&format!(
            "telemetry: {{otlp_endpoint: 'http://{address}'}}\nexporters:\n  otlp: {{interval: 200ms}}\n"
        ))
        .start();
    monitor.wait_ready();
    let own = [("exporter", "otlp")];
    wait_until("batches wait", || {
        monitor.metrics().value("gaxx_export_queue_batches", &own) >= Some(5.0)
    });
    let rotel = Rotel::start_at(&tool, &address);
    wait_delivered(&monitor, "otlp", 6.0);
    assert!(lost(&monitor, "otlp").abs() < 0.5);
    let batches = rotel.said().matches("-> Name: gaxx_build_info").count();
    assert!(batches >= 6, "{batches}");
}

/// Who cannot be configured is told by name, before anything runs.
#[test]
fn an_endpoint_that_is_none_is_refused() {
    let refused = |value: &str| {
        let builder = Monitor::builder().config(&format!("exporters:\n  otlp: {{{value}}}\n"));
        builder.no_listen().args(["export", "--once", "otlp"]).run()
    };
    let said = refused("endpoint: 'ftp://x'").expect(1);
    assert!(said.said().contains("http://"), "{said:?}");
    let said = refused("endpoint: 'http://x', protocol: thrift").expect(1);
    assert!(said.said().contains("thrift"), "{said:?}");
}
