//! What the kernel counts since it booted, from `/proc/stat`.

use gaxx_sdk::prelude::*;

use crate::{numbers::named, roots::Roots, source::Source};

gaxx_sdk::component!(collector "stat" => Stat, "Boot time, context switches, forks, interrupts, running processes.");

struct Stat {
    file: Source,
    boot_time: Gauge,
    context_switches: Family<Counter, 0>,
    forks: Family<Counter, 0>,
    interrupts: Family<Counter, 0>,
    running: Gauge,
    blocked: Gauge,
}

impl Component for Stat {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        // Families without labels, so that what a kernel does not tell is absent and not zero.
        let total = |name, help| context.counters(name, help, []);
        Ok(Self {
            file: Source::new(&roots.procfs, "stat"),
            boot_time: context.gauge(
                "node_boot_time_seconds",
                "When the machine booted, in seconds since the Unix epoch.",
            )?,
            context_switches: total(
                "node_context_switches_total",
                "Context switches since boot.",
            )?,
            forks: total("node_forks_total", "Processes and threads made since boot.")?,
            interrupts: total("node_intr_total", "Interrupts served since boot.")?,
            running: context.gauge(
                "node_procs_running",
                "Threads that run or are ready to run.",
            )?,
            blocked: context.gauge(
                "node_procs_blocked",
                "Threads that wait for a disk or the like.",
            )?,
        })
    }
}

impl Collector for Stat {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let text = self.file.read()?;
        for (name, value) in named(&text) {
            match name {
                "btime" => self.boot_time.set(value),
                "ctxt" => self.context_switches.with([]).set_total(value),
                "processes" => self.forks.with([]).set_total(value),
                "intr" => self.interrupts.with([]).set_total(value),
                "procs_running" => self.running.set(value),
                "procs_blocked" => self.blocked.set(value),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Stat, "stat");
}
