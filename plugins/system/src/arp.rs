//! Neighbours that each network device knows, from `/proc/net/arp`.

use std::collections::HashMap;

use gaxx_sdk::prelude::*;

use crate::{roots::Roots, source::Source};

gaxx_sdk::component!(collector "arp" => Arp, "Neighbours that each network device knows.");

struct Arp {
    arp: Source,
    entries: Family<Gauge, 1>,
}

impl Component for Arp {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            arp: Source::new(&roots.procfs, "net/arp"),
            entries: context.gauges(
                "node_arp_entries",
                "Neighbours in the ARP table, by device.",
                ["device"],
            )?,
        })
    }
}

impl Collector for Arp {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let Some(text) = self.arp.read_if_there()? else {
            return Ok(());
        };
        let mut counts = HashMap::new();
        for device in devices(&text) {
            *counts.entry(device).or_insert(0.0) += 1.0;
        }
        self.entries.reset();
        for (device, count) in counts {
            self.entries.with([device]).set(count);
        }
        Ok(())
    }
}

/// The device of each entry: the sixth column, below a line of headings.
fn devices(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .skip(1)
        .filter_map(|line| line.split_ascii_whitespace().nth(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Arp, "arp");
}
