//! How long tasks waited for CPU, memory and disks, from `/proc/pressure`.

use gaxx_sdk::prelude::*;

use crate::{numbers::number, roots::Roots, source::Source};

gaxx_sdk::component!(collector "pressure" => Pressure, "Time that tasks waited for CPU, memory and disks.");

/// A resource, a line of its file, the metric of that line, its help. `some` is time in which at
/// least one task waited, `full` time in which all did. The `full` line of the CPU is left out: for
/// a whole machine the kernel has no meaning for it.
const LINES: [(&str, &str, &str, &str); 6] = [
    (
        "cpu",
        "some",
        "node_pressure_cpu_waiting_seconds_total",
        "Seconds in which some task waited for a CPU.",
    ),
    (
        "io",
        "some",
        "node_pressure_io_waiting_seconds_total",
        "Seconds in which some task waited for a disk or the like.",
    ),
    (
        "io",
        "full",
        "node_pressure_io_stalled_seconds_total",
        "Seconds in which all tasks waited for a disk or the like.",
    ),
    (
        "memory",
        "some",
        "node_pressure_memory_waiting_seconds_total",
        "Seconds in which some task waited for memory.",
    ),
    (
        "memory",
        "full",
        "node_pressure_memory_stalled_seconds_total",
        "Seconds in which all tasks waited for memory.",
    ),
    (
        "irq",
        "full",
        "node_pressure_irq_stalled_seconds_total",
        "Seconds in which all tasks waited for interrupts to be served.",
    ),
];

struct Pressure {
    resources: Vec<Resource>,
}

struct Resource {
    name: &'static str,
    source: Source,
    lines: Vec<(&'static str, Family<Counter, 0>)>,
}

impl Component for Pressure {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let mut resources: Vec<Resource> = Vec::new();
        for (name, line, metric, help) in LINES {
            let line = (line, context.counters(metric, help, [])?);
            match resources.last_mut().filter(|last| last.name == name) {
                Some(last) => last.lines.push(line),
                None => resources.push(Resource {
                    name,
                    source: Source::new(&roots.procfs, &format!("pressure/{name}")),
                    lines: vec![line],
                }),
            }
        }
        Ok(Self { resources })
    }
}

impl Collector for Pressure {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        for Resource { source, lines, .. } in &mut self.resources {
            let Some(text) = source.read_if_there()? else {
                continue;
            };
            for (name, counter) in lines {
                if let Some(seconds) = seconds(&text, name) {
                    counter.with([]).set_total(seconds);
                }
            }
        }
        Ok(())
    }
}

/// The total of a line, which the kernel gives in microseconds.
fn seconds(text: &str, line: &str) -> Option<f64> {
    let mut words = text
        .lines()
        .map(str::split_ascii_whitespace)
        .find_map(|mut words| (words.next() == Some(line)).then_some(words))?;
    let total = words.find_map(|word| word.strip_prefix("total="))?;
    Some(number(total)? / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(Pressure, "pressure");

    #[test]
    fn lines_without_a_total() {
        let text = "some avg10=0.00 total=2500000\nfull avg10=0.00\n";
        assert_eq!(seconds(text, "some"), Some(2.5));
        assert_eq!(seconds(text, "full"), None);
        assert_eq!(seconds(text, "none"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "((some|full)? ?(total=)?[0-9a-z.]{0,9}\n|\\PC*\n){0,6}") {
            prop_assert!(seconds(&text, "some").is_none_or(f64::is_finite));
        }
    }
}
