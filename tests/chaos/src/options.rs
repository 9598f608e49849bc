//! What the command line says.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Runs gaxx-mon with plugins that crash, hang, spin, leak, flood, lie and panic at random, while
/// they are swapped, removed and added and the configuration is read again, and others scrape it and
/// ask for its health. Ends with status 1 if that did it any harm.
#[derive(Debug, Clone, Parser)]
#[command(name = "gaxx-chaos")]
pub(crate) struct Options {
    /// Draws what happens: the same number gives the same faults of the same components in the same
    /// order.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many faults there are.
    #[arg(long, default_value_t = 300)]
    pub(crate) faults: usize,
    /// How many plugins have them, beside a few that have none.
    #[arg(long, default_value_t = 36, value_parser = clap::value_parser!(u16).range(1..1000))]
    pub(crate) plugins: u16,
    /// How many faults there are a second.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rate: u16,
    /// Where the plugins run. In the program there are only faults that the program survives.
    #[arg(long, value_enum, default_value_t = Isolation::Process)]
    pub(crate) isolation: Isolation,
    /// Prints JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Writes what the program has logged into this file, the last 20,000 lines of it.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// A gaxx-mon to run instead of the one that is built for it.
    #[arg(long, value_name = "FILE", requires = "library")]
    pub(crate) program: Option<PathBuf>,
    /// The library of gaxx-chaos-plugin, instead of the one that is built.
    #[arg(long, value_name = "FILE", requires = "program")]
    pub(crate) library: Option<PathBuf>,
}

/// Where plugins run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Isolation {
    /// Each in a process of its own.
    Process,
    /// All in the program.
    InProcess,
}

impl Isolation {
    /// As the configuration has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::InProcess => "in-process",
        }
    }
}
