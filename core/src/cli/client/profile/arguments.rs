//! What `gaxx-mon profile` understands.

use std::path::PathBuf;

use clap::{Args, Subcommand, builder::RangedU64ValueParser as Within};

use super::order::Order;
use crate::{
    cli::{arguments::RowFormat, client::connect::Identity},
    client::Node,
};

/// The port of profiles where none is said.
pub(super) const PORT: u16 = 6060;

/// Examples, below the help.
const EXAMPLES: &str = "\
Examples:
  gaxx-mon profile cpu                          who uses the CPU, for 10 seconds
  gaxx-mon profile cpu --seconds 60 -o cpu.pb.gz
                                                the same for a minute, kept for `go tool pprof`
  gaxx-mon profile cpu --plugin weather         only the process of the plugin weather
  gaxx-mon profile heap --cum                   who holds memory, callers first
  gaxx-mon profile heap --seconds 60            who holds more of it than a minute ago
  gaxx-mon profile tasks                        what the program's tasks are, and what they wait for
  gaxx-mon profile cpu --node https://db1:9091 --token-file profile.token

Columns:
  flat   what the function itself used or holds; flat% of the whole, sum% with those above it
  cum    the function and all that it called
  The place behind a function is the line in it that most of this is of.

Exit status: 0 if there is a profile, also an empty one; 1 if there is none; 130 after Ctrl-C, at
which the node ends it.";

/// What `gaxx-mon profile` understands.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(in crate::cli) struct Profile {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Who uses the CPU, by function, and by plugin and component
    #[command(after_help = EXAMPLES)]
    Cpu(Cpu),
    /// Who holds memory, by function; or with --seconds, who holds more or less of it than before
    #[command(after_help = EXAMPLES)]
    Heap(Heap),
    /// What asynchronous tasks there are, by the place that spawned them, and by name and state
    #[command(after_help = EXAMPLES)]
    Tasks(Tasks),
}

#[derive(Debug, Args)]
struct Cpu {
    /// For how long
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = Within::<u64>::new().range(1..=300))]
    seconds: u64,
    /// Samples in a second of CPU time, up to 250 [default: the node's own, 99]
    #[arg(long, value_name = "N", value_parser = Within::<u64>::new().range(1..=250))]
    hz: Option<u64>,
    /// The plugin whose process it is, where it has one of its own; else the program itself
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    #[command(flatten)]
    manner: Manner,
}

#[derive(Debug, Args)]
struct Heap {
    /// What has changed within so many seconds; else what there is
    #[arg(long, value_name = "N", value_parser = Within::<u64>::new().range(1..=300))]
    seconds: Option<u64>,
    /// Have the program's allocator give back first what nobody uses
    #[arg(long, conflicts_with = "plugin")]
    gc: bool,
    /// The plugin whose process it is, where it has one of its own; else the program itself
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    #[command(flatten)]
    manner: Manner,
}

#[derive(Debug, Args)]
struct Tasks {
    #[command(flatten)]
    manner: Manner,
}

/// Where a profile comes from, and where it goes.
#[derive(Debug, Args)]
pub(super) struct Manner {
    /// Whose: `HOST`, `HOST:PORT`, `http://HOST:PORT` or `https://HOST:PORT`; the port is 6060 where none
    /// is said [default: this machine at the configuration's `profiling.port` (6060), or if nobody
    /// listens there at its `telemetry.monitoring_port` (9090), or
    /// `agent.monitoring_port` (9091)]
    #[arg(long, value_name = "NODE", value_parser = |text: &str| Node::parse(text, PORT))]
    pub(super) node: Option<Node>,
    /// Keep the profile in this file as it comes, for `go tool pprof`; only its owner may read it
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// How many functions to show
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = Within::<usize>::new().range(1..=100_000))]
    pub(super) top: usize,
    /// Show first the functions with the most in all that they call, not in themselves
    #[arg(long)]
    pub(super) cum: bool,
    /// Which values to show, of those that the profile has, such as `alloc_space` of heap [default: the
    /// profile's own choice]
    #[arg(long, value_name = "TYPE")]
    pub(super) sample_index: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: RowFormat,
    #[command(flatten)]
    pub(super) identity: Identity,
}

impl Profile {
    /// What is asked of the node.
    pub(super) fn order(&self) -> Order {
        match &self.what {
            What::Cpu(cpu) => Order::cpu(cpu.seconds, cpu.hz, cpu.plugin.clone()),
            What::Heap(heap) => Order::heap(heap.seconds, heap.gc, heap.plugin.clone()),
            What::Tasks(_) => Order::tasks(),
        }
    }

    pub(super) fn manner(&self) -> &Manner {
        match &self.what {
            What::Cpu(cpu) => &cpu.manner,
            What::Heap(heap) => &heap.manner,
            What::Tasks(tasks) => &tasks.manner,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        profile: Profile,
    }

    fn parsed(line: &str) -> Result<Profile, String> {
        let words = ["profile"].into_iter().chain(line.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|error| error.to_string());
        line.map(|line| line.profile)
    }

    #[test]
    fn what_is_asked_for_becomes_an_order() {
        let profile = parsed("cpu --seconds 5 --hz 9 --plugin p --node db1 --top 3").unwrap();
        assert_eq!(
            profile.order(),
            Order::cpu(5, Some(9), Some("p".to_owned()))
        );
        let node = profile.manner().node.as_ref().unwrap();
        assert_eq!(
            (node.to_string().as_str(), profile.manner().top),
            ("db1:6060", 3)
        );
        let heap = parsed("heap --gc").unwrap().order();
        assert_eq!(heap, Order::heap(None, true, None));
        assert_eq!(parsed("tasks").unwrap().order(), Order::tasks());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "",
            "disk",
            "cpu --seconds 0",
            "cpu --seconds 301",
            "cpu --hz 251",
            "cpu --gc",
            "heap --hz 9",
            "heap --gc --plugin p",
            "tasks --seconds 3",
            "tasks --plugin p",
            "cpu --top 0",
            "cpu --node ftp://x",
        ] {
            parsed(line).unwrap_err();
        }
    }
}
