//! Remote write, with Prometheus at the other end.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use gaxx_tests::{
    Exposition, Family, Fault, FaultyProxy, Monitor, Prometheus, Sample, VictoriaMetrics, require,
    wait_until,
};
use rustix::process::Signal;

use super::{lost, wait_delivered};

const PUSHED: &str = "{job=\"pushed\"}";
/// Labels that the exporter adds.
const OWN: &str = "labels: {job: pushed, instance: '{host}'}";

fn receiver() -> Option<Prometheus> {
    let tool = require("prometheus")?;
    let builder = Prometheus::builder().arg("--web.enable-remote-write-receiver");
    Some(builder.start(&tool))
}

fn config(prometheus: &Prometheus, more: &str) -> String {
    config_of(prometheus.base(), more)
}

/// All samples, each with its family.
fn samples(scrape: &Exposition) -> impl Iterator<Item = (&Family, &Sample)> {
    let families = scrape.families.values();
    families.flat_map(|family| family.samples.iter().map(move |it| (family, it)))
}

fn labels(sample: &Sample) -> Vec<(&str, &str)> {
    let labels = sample.labels.iter();
    labels.map(|(k, v)| (k.as_str(), v.as_str())).collect()
}

fn config_of(base: &str, more: &str) -> String {
    let url = format!("{base}/api/v1/write");
    format!(
        "{more}\nexporters:\n  remote-write: {{url: '{url}', interval: 200ms, max_samples: 300, {OWN}}}\n"
    )
}

/// Each series that is scraped is there under the same name and labels, histograms with all their
/// buckets; and what only grows has the same value, where it has not grown meanwhile.
#[test]
fn prometheus_has_what_a_scrape_gives() {
    let Some(prometheus) = receiver() else {
        return;
    };
    let monitor = Monitor::builder().config(&config(&prometheus, "")).start();
    monitor.wait_ready();
    let before = monitor.metrics();
    let sent = [("exporter", "remote-write"), ("outcome", "sent")];
    let sent = before.value("gaxx_export_batches_total", &sent);
    wait_delivered(&monitor, "remote-write", sent.unwrap() + 3.0);
    let there: BTreeMap<_, _> = prometheus
        .query(PUSHED)
        .iter()
        .map(|value| (value.identity(), value.value))
        .collect();
    let after = monitor.metrics();
    let (mut same, mut buckets) = (0, 0);
    for (family, sample) in samples(&before) {
        let Some(later) = after.value(&sample.name, &labels(sample)) else {
            continue;
        };
        let value = there.get(&sample.identity());
        let value = value.unwrap_or_else(|| panic!("{sample:?} is not there"));
        if family.kind != "gauge" && later.to_bits() == sample.value.to_bits() {
            assert!(value.to_bits() == later.to_bits(), "{sample:?}: {value}");
            same += 1;
        }
        buckets += usize::from(sample.labels.contains_key("le"));
    }
    assert!(same > 100 && buckets > 20, "{same}, {buckets}");
    assert!(lost(&monitor, "remote-write").abs() < 0.5);
}

/// The same, with `VictoriaMetrics` at the other end, which keeps 15 digits of a number.
#[test]
fn victoria_metrics_has_what_a_scrape_gives() {
    let Some(tool) = require("victoria-metrics") else {
        return;
    };
    let victoria = VictoriaMetrics::start(&tool);
    let config = config_of(victoria.base(), "");
    let monitor = Monitor::builder().config(&config).start();
    monitor.wait_ready();
    let before = monitor.metrics();
    let sent = [("exporter", "remote-write"), ("outcome", "sent")];
    let sent = before.value("gaxx_export_batches_total", &sent);
    wait_delivered(&monitor, "remote-write", sent.unwrap() + 3.0);
    let expected: usize = before.families.values().map(|it| it.samples.len()).sum();
    let there = victoria.wait_query(PUSHED, |values| values.len() >= expected);
    let there: BTreeMap<_, _> = there
        .iter()
        .map(|value| (value.identity(), value.value))
        .collect();
    let after = monitor.metrics();
    let (mut same, mut buckets) = (0, 0);
    for (family, sample) in samples(&before) {
        let Some(later) = after.value(&sample.name, &labels(sample)) else {
            continue;
        };
        let value = there.get(&sample.identity());
        let value = *value.unwrap_or_else(|| panic!("{sample:?} is not there"));
        if family.kind != "gauge" && later.to_bits() == sample.value.to_bits() {
            let error = (value - later).abs();
            assert!(error <= later.abs() * 1e-14, "{sample:?}: {value}");
            same += 1;
        }
        buckets += usize::from(sample.labels.contains_key("le"));
    }
    assert!(same > 100 && buckets > 20, "{same}, {buckets}");
    assert!(lost(&monitor, "remote-write").abs() < 0.5);
}

/// A series that has ended has no value at once, and not the last one for five minutes.
#[test]
fn what_is_gone_is_stale() {
    let Some(prometheus) = receiver() else {
        return;
    };
    let mut monitor = Monitor::builder().config(&config(&prometheus, "")).start();
    monitor.wait_ready();
    prometheus.wait_query("node_load1{job=\"pushed\"}", |values| values.len() == 1);
    monitor.rewrite_config(&config(&prometheus, "plugins: {system: {enabled: false}}"));
    monitor.signal(Signal::HUP);
    prometheus.wait_query("node_load1{job=\"pushed\"}", <[_]>::is_empty);
    let still = prometheus.query("gaxx_build_info{job=\"pushed\"}");
    assert_eq!(still.len(), 1);
}

/// Whatever the way to it does, each batch is there once; what was taken and not acknowledged, too.
#[test]
fn no_batch_is_lost_on_a_bad_way() {
    let Some(prometheus) = receiver() else {
        return;
    };
    let upstream = prometheus.base().trim_start_matches("http://");
    let proxy = FaultyProxy::start(upstream, 4711, Duration::from_secs(2));
    let more = "relabel: [{source_labels: [__name__], regex: gaxx_build_info, action: keep}]";
    let monitor = Monitor::builder()
        .config(&format!(
            "exporters:\n  remote-write: {{url: '{}/api/v1/write', interval: 100ms, deadline: 1s, metadata: false, {more}, {OWN}}}\n",
            proxy.base()
        ))
        .start();
    monitor.wait_ready();
    // Until each kind of fault has come.
    wait_until("all faults have come", || {
        let done: BTreeSet<Fault> = proxy.done().into_iter().collect();
        done.len() > Fault::ALL.len()
    });
    proxy.calm();
    wait_delivered(&monitor, "remote-write", 20.0);
    let sent = || {
        let own = [("exporter", "remote-write"), ("outcome", "sent")];
        monitor.metrics().value("gaxx_export_batches_total", &own)
    };
    let count = "count_over_time(gaxx_build_info{job=\"pushed\"}[1h])";
    wait_until("each batch is there once", || {
        let before = sent();
        let there = prometheus.query(count);
        let there = there.first().map(|value| value.value);
        // One may be on its way, taken and not acknowledged yet.
        there >= before && there <= sent().map(|sent| sent + 1.0)
    });
    assert!(lost(&monitor, "remote-write").abs() < 0.5);
}
