//! The lines of the CPUs in `/proc/stat`, and their counters made to only grow.

use std::collections::HashMap;

use crate::numbers::columns;

/// Ticks a second of what the kernel shows to programs: fixed at 100 on every architecture that
/// this program is built for, whatever the kernel's own rate is.
const USER_HZ: f64 = 100.0;

/// The modes, as their columns are ordered.
pub(super) const MODES: [&str; 8] = [
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
];
/// The column of idle time.
const IDLE: usize = 3;
/// All columns: the modes, then `guest` and `guest_nice`.
pub(super) const COLUMNS: usize = MODES.len() + 2;

/// A fall of idle time by more than this, in seconds, means that the CPU was off and counts anew.
const RESTART: f64 = 3.0;

/// Seconds in each mode; those that this kernel does not count are nothing.
pub(super) type Seconds = [Option<f64>; COLUMNS];

/// The CPUs by number, with their columns in ticks. The line of all CPUs together is left out.
pub(super) fn cpus(text: &str) -> impl Iterator<Item = (&str, Seconds)> {
    text.lines().filter_map(|line| {
        let mut words = line.strip_prefix("cpu")?.split(' ');
        let cpu = words.next().filter(|cpu| is_number(cpu))?;
        Some((cpu, columns(words)))
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// What was last told of each CPU. The kernel's idle and iowait time now and then go back a
/// little; a counter must not.
#[derive(Debug, Default)]
pub(super) struct Times {
    last: HashMap<Box<str>, (Seconds, bool)>,
}

impl Times {
    /// The seconds of a CPU, never less than before unless it was off.
    pub(super) fn take(&mut self, cpu: &str, ticks: Seconds) -> Seconds {
        let seconds = ticks.map(|ticks| ticks.map(|ticks| ticks / USER_HZ));
        let Some((last, seen)) = self.last.get_mut(cpu) else {
            self.last.insert(cpu.into(), (seconds, true));
            return seconds;
        };
        *seen = true;
        let restarted = matches!(
            (last[IDLE], seconds[IDLE]),
            (Some(old), Some(new)) if old - new > RESTART
        );
        for (old, new) in last.iter_mut().zip(seconds) {
            // `None` is less than any number.
            if restarted || new.is_none() || new > *old {
                *old = new;
            }
        }
        *last
    }

    /// Forgets the CPUs that were not there since the last call.
    pub(super) fn forget_absent(&mut self) {
        self.last.retain(|_, (_, seen)| std::mem::take(seen));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn idle(ticks: f64) -> Seconds {
        let mut columns = [Some(0.0); COLUMNS];
        columns[IDLE] = Some(ticks);
        columns
    }

    #[test]
    fn only_numbered_cpus() {
        let text = "cpu  1 2 3\ncpu0 1 2 3\ncpufreq 1\ncpu12 x 5\nintr 7\n";
        let found: Vec<_> = cpus(text)
            .map(|(cpu, ticks)| (cpu, ticks[0], ticks[1]))
            .collect();
        assert_eq!(
            found,
            [("0", Some(1.0), Some(2.0)), ("12", None, Some(5.0))]
        );
    }

    #[test]
    fn a_small_step_back_is_held_and_a_large_one_taken() {
        let mut times = Times::default();
        assert_eq!(times.take("0", idle(1000.0))[IDLE], Some(10.0));
        assert_eq!(times.take("0", idle(900.0))[IDLE], Some(10.0));
        assert_eq!(times.take("0", idle(1100.0))[IDLE], Some(11.0));
        assert_eq!(times.take("0", idle(100.0))[IDLE], Some(1.0));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(cpu[0-9 a-z]{0,40}\n|\\PC{0,20}\n){0,8}") {
            for (cpu, _) in cpus(&text) {
                prop_assert!(is_number(cpu));
            }
        }
    }
}
