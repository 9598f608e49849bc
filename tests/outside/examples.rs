//! The files in `examples/` for Prometheus and Grafana, before the real Prometheus.

use std::{collections::BTreeSet, fs, path::PathBuf};

use gaxx_tests::{
    Monitor, PluginFolder, Prometheus, cdylib, check_config, check_rules, repository, require,
};
use serde_json::Value;

fn example(path: &str) -> PathBuf {
    repository().join("examples").join(path)
}

#[test]
fn promtool_takes_the_configuration_and_the_rules() {
    let Some(promtool) = require("promtool") else {
        return;
    };
    let _ = check_config(&promtool, &example("prometheus/prometheus.yml")).expect(0);
    let _ = check_rules(&promtool, &example("prometheus/alerts.yml")).expect(0);
    let output = promtool
        .command()
        .current_dir(example("prometheus"))
        .args(["test", "rules", "alerts_test.yml"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn every_query_of_the_grafana_dashboard_is_answered() {
    let Some(tool) = require("prometheus") else {
        return;
    };
    let folder = PluginFolder::new();
    folder.add(&cdylib("gaxx-example-jsonl"));
    let config = format!(
        "exporters:\n  jsonl: {{path: {}, interval: 1s}}\n",
        folder.path().join("samples.jsonl").display()
    );
    let monitor = Monitor::builder()
        .plugins(folder.path())
        .config(&config)
        .start();
    monitor.wait_ready();
    let prometheus = Prometheus::builder()
        .scrape("gaxx-cli", monitor.address())
        .start(&tool);
    prometheus.wait_up("gaxx-cli", 6);
    let known: BTreeSet<String> = prometheus
        .query("count by (__name__) ({__name__=~\".+\"})")
        .into_iter()
        .filter_map(|value| value.labels.get("__name__").cloned())
        .collect();
    let text = fs::read_to_string(example("grafana/gaxx-mon.json")).unwrap();
    let queries = queries(&serde_json::from_str(&text).unwrap());
    assert!(queries.len() > 30, "{queries:#?}");
    let mut silent = Vec::new();
    for query in queries {
        let answer = prometheus
            .try_query(&query)
            .unwrap_or_else(|reason| panic!("{query}: {reason}"));
        // The agent's names come with the agent; comparisons may find nothing to show.
        let is_ours = names(&query).iter().all(|name| known.contains(name));
        if is_ours && answer.is_empty() && !query.contains(['>', '<', '=']) {
            silent.push(query);
        }
    }
    assert!(silent.is_empty(), "no answer to {silent:#?}");
}

/// The queries of all panels, as Grafana would send them.
fn queries(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Value::Object(map) => {
            if let Some(query) = map.get("expr").and_then(Value::as_str) {
                found.push(
                    [
                        ("$job", ".+"),
                        ("$instance", ".+"),
                        ("$__rate_interval", "5s"),
                        ("$__range", "1m"),
                    ]
                    .iter()
                    .fold(query.to_owned(), |query, (name, value)| {
                        query.replace(name, value)
                    }),
                );
            }
            found.extend(map.values().flat_map(queries));
        }
        Value::Array(list) => found.extend(list.iter().flat_map(queries)),
        _ => {}
    }
    found
}

/// The metrics that a query names.
fn names(query: &str) -> BTreeSet<String> {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let prefixes = ["gaxx_", "node_", "process_"];
    words
        .filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)))
        .map(str::to_owned)
        .collect()
}
