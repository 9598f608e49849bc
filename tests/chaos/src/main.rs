//! The chaos run: what plugins that misbehave at random do to gaxx-mon, while it is scraped and
//! asked for its health, and plugins come, go and are replaced.
//!
//! ```text
//! cargo run --release -p gaxx-chaos -- --seed 7 --faults 10000
//! ```
//!
//! `docs/benchmarks.md` says what it does, and what came of it.

mod callers;
mod clients;
mod faults;
mod figures;
mod fleet;
mod harm;
mod latency;
mod operator;
mod options;
mod orders;
mod pace;
mod report;
mod run;
mod scraper;
mod tally;

use std::process::ExitCode;

use clap::Parser;

use options::Options;
use report::Report;

fn main() -> ExitCode {
    let options = Options::parse();
    let found = match run::run(&options) {
        Ok(found) => found,
        Err(error) => {
            eprintln!("the run could not be made: {error}");
            return ExitCode::FAILURE;
        }
    };
    let report = Report::new(&options, &found);
    if options.json {
        println!("{:#}", report.json());
    } else {
        print!("{report}");
    }
    ExitCode::from(u8::from(!report.harm.is_empty()))
}
