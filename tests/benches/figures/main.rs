//! The figures of gaxx-mon, measured in one run beside those of its peers, or beside the least that
//! the same work could cost:
//!
//! ```text
//! cargo bench -p gaxx-benches
//! ```
//!
//! Words behind `--` choose figures whose name holds one of them. Nothing here fails because of a
//! time. `docs/benchmarks.md` says what each line means.
#![allow(clippy::unwrap_used)]

mod agent;
mod border;
mod checks;
mod copies;
mod crowd;
mod encoding;
mod fresh;
mod held;
mod idle;
mod isolated;
mod loading;
mod many_series;
mod profiling;
mod rogues;
mod scraper;
mod spread;
mod start;
mod table;

use table::Table;

/// Takes measures and adds them to the table.
type Measure = fn(&mut Table);

/// In this order: what is quick and needs a quiet machine first.
const FIGURES: [(&str, Measure); 17] = [
    ("border", border::measure),
    ("isolated", isolated::measure),
    ("loading", loading::measure),
    ("encoding", encoding::measure),
    ("start", start::measure),
    ("many-series", many_series::measure),
    ("fresh", fresh::measure),
    ("crowd", crowd::measure),
    ("rogues", rogues::measure),
    ("idle", idle::measure),
    ("checks", checks::measure),
    ("heartbeat", agent::heartbeat),
    ("exec", agent::exec),
    ("big-file", agent::files),
    ("many-files", agent::many_files),
    ("agent-memory", agent::memory),
    ("profiling", profiling::measure),
];

fn main() {
    // Processes for plugins are this program again.
    if std::env::args().nth(1).as_deref() == Some(gaxx_core::isolation::CHILD) {
        gaxx_core::cli::main();
        return;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    // cargo passes it to benchmarks, and to nothing else that it runs.
    if !words.iter().any(|word| word == "--bench") {
        println!("these are measurements: cargo bench -p gaxx-benches");
        return;
    }
    let words: Vec<&String> = words
        .iter()
        .filter(|word| !word.starts_with("--"))
        .collect();
    // Built before the first measure, not during it.
    gaxx_tests::binary();
    let mut table = Table::begin();
    for (name, measure) in FIGURES {
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            measure(&mut table);
        }
    }
    table.end();
}
