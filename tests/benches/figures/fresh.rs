//! A scrape that collects everything anew, beside that of `node_exporter` with the same collectors.

use std::collections::BTreeSet;

use gaxx_tests::{Monitor, NodeExporter, Tool};

use crate::{
    Table,
    scraper::{self, Cost, Scraper},
};

const ROUNDS: usize = 7;
const SCRAPES: usize = 200;
const CONFIG: &str = "{scrape: {max_age: 1ms}}";

pub(crate) fn measure(table: &mut Table) {
    let Some(tool) = Tool::find("prometheus-node-exporter") else {
        table.note(
            "prometheus-node-exporter is missing: tests/run.sh --tools unpacks it".to_owned(),
        );
        return;
    };
    let monitor = Monitor::builder().config(CONFIG).start();
    monitor.wait_ready();
    let ours = collectors(&monitor);
    let theirs = known(&tool);
    let shared: Vec<&String> = ours.intersection(&theirs).collect();
    let mut arguments = vec!["--collector.disable-defaults".to_owned()];
    arguments.extend(shared.iter().map(|name| format!("--collector.{name}")));
    let node = NodeExporter::start_with(&tool, &arguments);

    let left_out: Vec<String> = ours
        .difference(&theirs)
        .map(|name| format!("exclude[]={name}"))
        .collect();
    let here = format!("{}/metrics?{}", monitor.base(), left_out.join("&"));
    let here = Scraper::new(here, monitor.pid());
    let beside = Scraper::new(format!("http://{}/metrics", node.address()), node.pid());
    let costs = scraper::compare(&[&here, &beside], ROUNDS, SCRAPES);
    let (here, beside) = (&costs[0], &costs[1]);

    let row =
        |table: &mut Table, what: &str, part: fn(&Cost) -> &crate::spread::Spread, reach: &str| {
            let (here, beside) = (part(here), part(beside));
            let ratio = here.ratio(beside);
            table.row(
                &format!("scrape of fresh values, {what}"),
                &format!("{here} ms: {ratio:.2} of node_exporter's"),
                &format!("node_exporter: {beside} ms"),
                reach,
            );
        };
    row(table, "CPU", |cost| &cost.cpu, "0.50");
    row(table, "p50", |cost| &cost.p50, "");
    row(table, "p99", |cost| &cost.p99, "0.50");
    let size = |cost: &Cost| format!("{} series, {:.1} kB", cost.series, cost.bytes as f64 / 1e3);
    table.row(
        "scrape of fresh values, size",
        &size(here),
        &size(beside),
        "",
    );
    let names: Vec<&str> = shared.into_iter().map(String::as_str).collect();
    table.note(format!(
        "Fresh values: the collectors of both are {}.",
        names.join(", ")
    ));
}

/// The names of our collectors that run.
fn collectors(monitor: &Monitor) -> BTreeSet<String> {
    let plugins = monitor.plugins();
    let components = plugins
        .iter()
        .filter_map(|plugin| plugin["components"].as_array())
        .flatten();
    let running = components
        .filter(|component| component["kind"] == "collector" && component["state"] != "disabled");
    running
        .filter_map(|component| Some(component["name"].as_str()?.to_owned()))
        .collect()
}

/// The names of `node_exporter`'s collectors, from its help: `--collector.cpu`, in later versions
/// `--[no-]collector.cpu`.
fn known(tool: &Tool) -> BTreeSet<String> {
    let help = tool.command().arg("--help").output().unwrap();
    let text = [help.stdout, help.stderr].concat();
    let text = String::from_utf8_lossy(&text).replace("[no-]", "");
    let words = text.split_whitespace();
    let names = words.filter_map(|word| word.strip_prefix("--collector."));
    // What has a further dot or a value is a switch of a collector.
    let names = names.filter(|name| !name.contains(['.', '=']) && *name != "disable-defaults");
    names.map(str::to_owned).collect()
}
