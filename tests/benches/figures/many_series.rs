//! A scrape of 10,000 current values from the running program.

use gaxx_tests::{Monitor, PluginFolder};

use crate::{Table, copies, scraper, scraper::Scraper};

const ROUNDS: usize = 5;
const SCRAPES: usize = 200;
/// No scrape collects, and the system's own metrics are left out.
const CONFIG: &str = "
scrape:
  max_age: 1h
plugins:
  system:
    enabled: false
  load-000:
    series: 10000
";

pub(crate) fn measure(table: &mut Table) {
    let folder = PluginFolder::new();
    folder.add(&copies::original());
    let monitor = Monitor::builder()
        .config(CONFIG)
        .plugins(folder.path())
        .start();
    monitor.wait_ready();
    let url = |path| Scraper::new(format!("{}{path}", monitor.base()), monitor.pid());
    let costs = scraper::compare(&[&url("/metrics"), &url("/-/healthy")], ROUNDS, SCRAPES);
    let (scrape, healthy) = (&costs[0], &costs[1]);
    table.row(
        &format!(
            "scrape of current values, {} series, {:.0} kB, CPU",
            scrape.series,
            scrape.bytes as f64 / 1e3
        ),
        &format!("{} ms", scrape.cpu),
        &format!("an answer without values, `/-/healthy`: {} ms", healthy.cpu),
        "1 ms",
    );
    table.row(
        "the same, time until it is read",
        &format!("p50 {} ms, p99 {} ms", scrape.p50, scrape.p99),
        &format!("p50 {} ms, p99 {} ms", healthy.p50, healthy.p99),
        "",
    );
}
