//! Connections that the firewall tracks.

use gaxx_sdk::prelude::*;

use crate::{numbers::number, roots::Roots, source::Source};

gaxx_sdk::component!(collector "conntrack" => Conntrack, "Connections that the firewall tracks.");

/// Column, metric and help. They only grow, and `node_exporter` calls them gauges.
const STATISTICS: [(&str, &str, &str); 8] = [
    (
        "found",
        "node_nf_conntrack_stat_found",
        "Look-ups that found an entry.",
    ),
    (
        "invalid",
        "node_nf_conntrack_stat_invalid",
        "Packets that could not be tracked.",
    ),
    (
        "ignore",
        "node_nf_conntrack_stat_ignore",
        "Packets that needed no tracking.",
    ),
    (
        "insert",
        "node_nf_conntrack_stat_insert",
        "Entries put into the table.",
    ),
    (
        "insert_failed",
        "node_nf_conntrack_stat_insert_failed",
        "Entries that could not be put into the table.",
    ),
    (
        "drop",
        "node_nf_conntrack_stat_drop",
        "Packets dropped because tracking failed.",
    ),
    (
        "early_drop",
        "node_nf_conntrack_stat_early_drop",
        "Entries thrown out to make room for new ones.",
    ),
    (
        "search_restart",
        "node_nf_conntrack_stat_search_restart",
        "Look-ups begun again because the table was resized.",
    ),
];

struct Conntrack {
    limits: [(Source, Gauge); 2],
    stat: Source,
    statistics: Vec<(&'static str, Gauge)>,
}

impl Component for Conntrack {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let limit = |file: &str, name: &str, help: &str| {
            let below = format!("sys/net/netfilter/{file}");
            context
                .gauge(name, help)
                .map(|gauge| (Source::new(&roots.procfs, &below), gauge))
        };
        let statistic = |(column, name, help)| Ok((column, context.gauge(name, help)?));
        Ok(Self {
            limits: [
                limit(
                    "nf_conntrack_count",
                    "node_nf_conntrack_entries",
                    "Connections that the firewall tracks.",
                )?,
                limit(
                    "nf_conntrack_max",
                    "node_nf_conntrack_entries_limit",
                    "Most connections that the firewall may track.",
                )?,
            ],
            stat: Source::new(&roots.procfs, "net/stat/nf_conntrack"),
            statistics: STATISTICS
                .into_iter()
                .map(statistic)
                .collect::<Result<_>>()?,
        })
    }
}

impl Collector for Conntrack {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        for (source, gauge) in &mut self.limits {
            match source.read_if_there()?.and_then(|text| number(text.trim())) {
                Some(value) => gauge.set(value),
                None => gauge.clear(),
            }
        }
        let Some(text) = self.stat.read_if_there()? else {
            return Ok(());
        };
        for (column, gauge) in &self.statistics {
            match sum(&text, column) {
                Some(value) => gauge.set(value),
                None => gauge.clear(),
            }
        }
        Ok(())
    }
}

/// The sum of a column, named by the first line, over the lines of all CPUs.
fn sum(text: &str, column: &str) -> Option<f64> {
    let mut lines = text.lines();
    let at = lines
        .next()?
        .split_ascii_whitespace()
        .position(|name| name == column)?;
    let value = |line: &str| u64::from_str_radix(line.split_ascii_whitespace().nth(at)?, 16).ok();
    Some(lines.filter_map(value).map(|value| value as f64).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(Conntrack, "conntrack");

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "((found|drop|[0-9a-f]{1,20}| )*\n|\\PC*\n){0,6}") {
            prop_assert!(sum(&text, "found").is_none_or(f64::is_finite));
        }
    }
}
