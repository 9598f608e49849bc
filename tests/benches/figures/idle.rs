//! Resident memory at rest.

use std::{thread::sleep, time::Duration};

use gaxx_tests::{Memory, Monitor, NodeExporter, Process, Tool};

use crate::{Table, scraper::Scraper};

const REST: Duration = Duration::from_secs(30);
const SCRAPES: usize = 500;

pub(crate) fn measure(table: &mut Table) {
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    let tool = Tool::find("prometheus-node-exporter");
    let node = tool.map(|tool| NodeExporter::start(&tool));
    let mut processes = vec![Scraper::new(
        format!("{}/metrics", monitor.base()),
        monitor.pid(),
    )];
    if let Some(node) = &node {
        processes.push(Scraper::new(
            format!("http://{}/metrics", node.address()),
            node.pid(),
        ));
    }
    for scraper in &processes {
        scraper.scrape();
    }
    sleep(REST);
    let row = |table: &mut Table, when: String, reach: &str| {
        let here = shown(Process(monitor.pid()).memory());
        let beside = node
            .as_ref()
            .map(|node| shown(Process(node.pid()).memory()));
        let beside = beside.map_or_else(
            || "node_exporter is missing".to_owned(),
            |memory| format!("node_exporter: {memory}"),
        );
        table.row(&when, &here, &beside, reach);
    };
    row(
        table,
        format!("resident memory, one scrape and {} s later", REST.as_secs()),
        "20 MB, aim 12",
    );
    for scraper in &processes {
        (0..SCRAPES).for_each(|_| drop(scraper.scrape()));
    }
    sleep(REST);
    row(
        table,
        format!(
            "resident memory, {SCRAPES} more scrapes and {} s later",
            REST.as_secs()
        ),
        "",
    );
}

fn shown(Memory { rss, pss, .. }: Memory) -> String {
    format!("{rss:.1} MB, of which {pss:.1} MB its share")
}
