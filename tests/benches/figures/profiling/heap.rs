//! Sampling of allocations, which is always on, beside the same program without it.

use super::{loaded::Loaded, overhead::more};
use crate::{
    Table,
    scraper::{self, Scraper},
    spread::Spread,
};

const ROUNDS: usize = 7;
const SCRAPES: usize = 200;
const PROFILES: usize = 20;
/// Where jemalloc reads its options, with and without a prefix to its names.
const OFF: [(&str, &str); 2] = [
    ("MALLOC_CONF", "prof:false"),
    ("_RJEM_MALLOC_CONF", "prof:false"),
];

pub(crate) fn measure(table: &mut Table) {
    let (on, off) = (Loaded::start(&[]), Loaded::start(&OFF));
    let of = |loaded: &Loaded| {
        let url = format!("{}/metrics", loaded.agent().base());
        Scraper::new(url, loaded.agent().pid())
    };
    let costs = scraper::compare(&[&of(&on), &of(&off)], ROUNDS, SCRAPES);
    let (with, without) = (&costs[0].cpu, &costs[1].cpu);
    table.row(
        "CPU of a scrape, allocations sampled as always",
        &format!("{with} ms: {}", more(with, without)),
        &format!("`MALLOC_CONF=prof:false` {without} ms"),
        "",
    );
    // Many stacks are known by now.
    on.have("/hot/leak/64");
    let times = (0..PROFILES).map(|_| on.take("heap").1);
    let times = Spread::milliseconds(times.collect::<Vec<_>>());
    let size = on.take("heap").0.body.len();
    table.row(
        "a heap profile, symbols and all",
        &format!("{times} ms, {:.0} kB", size as f64 / 1e3),
        "",
        "",
    );
}
