//! How long tasks ran and waited on each CPU, from `/proc/schedstat`.

use gaxx_sdk::prelude::*;

use crate::{numbers::columns, roots::Roots, source::Source};

gaxx_sdk::component!(collector "schedstat" => Schedstat, "Time that tasks ran and waited on each CPU.");

const NANOSECONDS: f64 = 1e9;

struct Schedstat {
    table: Source,
    running: Family<Counter, 1>,
    waiting: Family<Counter, 1>,
    timeslices: Family<Counter, 1>,
}

impl Component for Schedstat {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let counters = |name, help| context.counters(name, help, ["cpu"]);
        Ok(Self {
            table: Source::new(&roots.procfs, "schedstat"),
            running: counters(
                "node_schedstat_running_seconds_total",
                "Seconds that tasks ran on this CPU.",
            )?,
            waiting: counters(
                "node_schedstat_waiting_seconds_total",
                "Seconds that tasks waited for this CPU.",
            )?,
            timeslices: counters(
                "node_schedstat_timeslices_total",
                "Slices of time that this CPU gave to tasks.",
            )?,
        })
    }
}

impl Collector for Schedstat {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let Some(text) = self.table.read_if_there()? else {
            return Ok(());
        };
        for family in [&self.running, &self.waiting, &self.timeslices] {
            family.reset();
        }
        for (cpu, [running, waiting, timeslices]) in cpus(&text) {
            if let Some(running) = running {
                self.running.with([cpu]).set_total(running / NANOSECONDS);
            }
            if let Some(waiting) = waiting {
                self.waiting.with([cpu]).set_total(waiting / NANOSECONDS);
            }
            if let Some(timeslices) = timeslices {
                self.timeslices.with([cpu]).set_total(timeslices);
            }
        }
        Ok(())
    }
}

/// The CPUs by number, each with the 7th to 9th number of its line.
fn cpus(text: &str) -> impl Iterator<Item = (&str, [Option<f64>; 3])> {
    text.lines().filter_map(|line| {
        let mut words = line.strip_prefix("cpu")?.split_ascii_whitespace();
        let cpu = words
            .next()
            .filter(|cpu| cpu.bytes().all(|b| b.is_ascii_digit()))?;
        Some((cpu, columns(words.skip(6))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(Schedstat, "schedstat");

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(cpu[0-9 ]{0,60}\n|\\PC*\n){0,6}") {
            for (cpu, _) in cpus(&text) {
                prop_assert!(!cpu.is_empty());
            }
        }
    }
}
