//! Packets that each CPU took from the network devices, from `/proc/net/softnet_stat`.

use gaxx_sdk::prelude::*;

use crate::{roots::Roots, source::Source};

gaxx_sdk::component!(collector "softnet" => Softnet, "Packets that each CPU took from the network devices.");

/// Column, metric and help of the counters.
const COUNTERS: [(usize, &str, &str); 6] = [
    (
        0,
        "node_softnet_processed_total",
        "Packets that this CPU took.",
    ),
    (
        1,
        "node_softnet_dropped_total",
        "Packets dropped because the backlog was full.",
    ),
    (
        2,
        "node_softnet_times_squeezed_total",
        "Times that the CPU ran out of its budget with packets left.",
    ),
    (
        8,
        "node_softnet_cpu_collision_total",
        "Times that the CPU found a device's lock taken while it sent.",
    ),
    (
        9,
        "node_softnet_received_rps_total",
        "Times that another CPU woke this one to take packets.",
    ),
    (
        10,
        "node_softnet_flow_limit_count_total",
        "Times that the limit of a flow was reached.",
    ),
];
/// The column of the backlog's length, since Linux 5.10.
const BACKLOG: usize = 11;
/// The column of the CPU's number, since Linux 5.10. Before, lines were numbered by position.
const CPU: usize = 12;
const COLUMNS: usize = CPU + 1;

struct Softnet {
    table: Source,
    counters: Vec<(usize, Family<Counter, 1>)>,
    backlog: Family<Gauge, 1>,
}

impl Component for Softnet {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let register = |(column, name, help)| Ok((column, context.counters(name, help, ["cpu"])?));
        Ok(Self {
            table: Source::new(&roots.procfs, "net/softnet_stat"),
            counters: COUNTERS.into_iter().map(register).collect::<Result<_>>()?,
            backlog: context.gauges(
                "node_softnet_backlog_len",
                "Packets that wait for this CPU.",
                ["cpu"],
            )?,
        })
    }
}

impl Collector for Softnet {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let Some(text) = self.table.read_if_there()? else {
            return Ok(());
        };
        self.counters.iter().for_each(|(_, family)| family.reset());
        self.backlog.reset();
        for (line, columns) in text.lines().map(columns).enumerate() {
            let cpu = columns[CPU].map_or(line.to_string(), |cpu| cpu.to_string());
            for (column, family) in &self.counters {
                if let Some(Some(value)) = columns.get(*column) {
                    family.with([&cpu]).set_total(f64::from(*value));
                }
            }
            if let Some(length) = columns[BACKLOG] {
                self.backlog.with([&cpu]).set(f64::from(length));
            }
        }
        Ok(())
    }
}

/// The hexadecimal numbers of a line.
fn columns(line: &str) -> [Option<u32>; COLUMNS] {
    let mut columns = [None; COLUMNS];
    for (column, word) in columns.iter_mut().zip(line.split_ascii_whitespace()) {
        *column = u32::from_str_radix(word, 16).ok();
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(Softnet, "softnet");

    proptest! {
        #[test]
        fn columns_are_read_back(values in proptest::collection::vec(any::<u32>(), 0..20)) {
            let line: Vec<String> = values.iter().map(|value| format!("{value:08x}")).collect();
            let found = columns(&line.join(" "));
            for (at, column) in found.iter().enumerate() {
                prop_assert_eq!(*column, values.get(at).copied());
            }
        }

        #[test]
        fn any_line_is_read_without_panic(line: String) {
            columns(&line);
        }
    }
}
