//! How the CPUs spend their time, from `/proc/stat`, and how often heat slowed them.

mod throttle;
mod times;

use gaxx_sdk::prelude::*;

use self::{
    throttle::Throttle,
    times::{MODES, Times, cpus},
};
use crate::{roots::Roots, source::Source};

gaxx_sdk::component!(collector "cpu" => Cpu, "Time that each CPU spent in each mode.");

/// The modes of guests: they are also part of the modes `user` and `nice`.
const GUEST_MODES: [&str; 2] = ["user", "nice"];

struct Cpu {
    stat: Source,
    times: Times,
    seconds: Family<Counter, 2>,
    guest: Family<Counter, 2>,
    throttle: Throttle,
}

impl Component for Cpu {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            stat: Source::new(&roots.procfs, "stat"),
            times: Times::default(),
            seconds: context.counters(
                "node_cpu_seconds_total",
                "Seconds that each CPU spent in each mode.",
                ["cpu", "mode"],
            )?,
            guest: context.counters(
                "node_cpu_guest_seconds_total",
                "Seconds that each CPU spent running virtual machines, in each mode.",
                ["cpu", "mode"],
            )?,
            throttle: Throttle::new(&roots.sysfs, context)?,
        })
    }
}

impl Collector for Cpu {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let text = self.stat.read()?;
        self.seconds.reset();
        self.guest.reset();
        let mut count = 0;
        for (cpu, ticks) in cpus(&text) {
            let seconds = self.times.take(cpu, ticks);
            for (mode, seconds) in MODES.into_iter().zip(seconds) {
                if let Some(seconds) = seconds {
                    self.seconds.with([cpu, mode]).set_total(seconds);
                }
            }
            for (mode, seconds) in GUEST_MODES.into_iter().zip(&seconds[MODES.len()..]) {
                if let Some(seconds) = seconds {
                    self.guest.with([cpu, mode]).set_total(*seconds);
                }
            }
            count += 1;
        }
        self.times.forget_absent();
        if count == 0 {
            return Err(Error::failed("the kernel's stat file names no CPU"));
        }
        self.throttle.collect(count);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    crate::golden::tests!(Cpu, "cpu");

    #[test]
    fn a_cpu_that_goes_offline_is_absent() {
        let root = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(root.path().join("stat"), text).unwrap();
        write("cpu  2 0 0 0\ncpu0 100 0 0 0\ncpu1 100 0 0 0\n");
        let settings = gaxx_sdk::json!({ "procfs": root.path(), "sysfs": root.path() });
        let mut cpu = gaxx_sdk::testing::collector::<Cpu>(settings).unwrap();
        let user = [("cpu", "1"), ("mode", "user")];
        assert_eq!(
            cpu.collect()
                .unwrap()
                .value("node_cpu_seconds_total", &user),
            Some(1.0)
        );
        write("cpu  2 0 0 0\ncpu0 100 0 0 0\n");
        assert_eq!(
            cpu.collect()
                .unwrap()
                .value("node_cpu_seconds_total", &user),
            None
        );
        write("cpu  2 0 0 0\ncpu0 100 0 0 0\ncpu1 50 0 0 0\n");
        // It was away: what it counts begins anew.
        assert_eq!(
            cpu.collect()
                .unwrap()
                .value("node_cpu_seconds_total", &user),
            Some(0.5)
        );
    }

    #[test]
    fn a_file_without_cpus_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("stat"), "nonsense").unwrap();
        let settings = gaxx_sdk::json!({ "procfs": root.path() });
        assert!(
            gaxx_sdk::testing::collector::<Cpu>(settings)
                .unwrap()
                .collect()
                .is_err()
        );
    }
}
