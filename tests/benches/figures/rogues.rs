//! A scrape of 50 plugins, one of which hangs and one of which spins.

use std::{thread::sleep, time::Duration};

use gaxx_tests::{Monitor, PluginFolder};

use crate::{
    Table, copies,
    scraper::{self, Scraper},
};

const PLUGINS: usize = 50;
const ROUNDS: usize = 7;
const SCRAPES: usize = 200;
const CALM: &str =
    "{scrape: {max_age: 1ms}, plugins: {isolation: in-process, system: {enabled: false}}}";
const ROGUE: &str = "
scrape:
  max_age: 1ms
plugins:
  isolation: in-process
  system: {enabled: false}
  load-000: {hang: true, deadline: 500ms}
  load-001: {spin: true, deadline: 500ms}
";

pub(crate) fn measure(table: &mut Table) {
    let folder = PluginFolder::new();
    copies::write(&folder, 0..PLUGINS);
    let start = |config| {
        let monitor = Monitor::builder()
            .config(config)
            .plugins(folder.path())
            .start();
        monitor.wait_ready();
        let scraper = Scraper::new(format!("{}/metrics", monitor.base()), monitor.pid());
        (monitor, scraper)
    };
    let (_calm, calm) = start(CALM);
    let alone = scraper::compare(&[&calm], ROUNDS, SCRAPES);
    let (rogue, rogues) = start(ROGUE);
    // Both are found out by then.
    sleep(Duration::from_secs(2));
    let stuck = rogue
        .plugins()
        .iter()
        .filter(|plugin| plugin["state"] == "stuck")
        .count();
    assert_eq!(stuck, 2, "one plugin hangs and one spins");
    let costs = scraper::compare(&[&rogues, &calm], ROUNDS, SCRAPES);
    table.row(
        &format!("{PLUGINS} plugins, one hangs and one spins: scrape p50, p99"),
        &format!("{} ms, {} ms", costs[0].p50, costs[0].p99),
        &format!(
            "without those two, while they take one core elsewhere: {} ms, {} ms; without them on the machine: {} ms, {} ms",
            costs[1].p50, costs[1].p99, alone[0].p50, alone[0].p99
        ),
        "unchanged within noise",
    );
}
