//! Software RAID, from `/proc/mdstat`.

mod arrays;

use std::borrow::Cow;

use gaxx_sdk::prelude::*;

use self::arrays::{Array, STATES, arrays};
use crate::{roots::Roots, source::Source};

gaxx_sdk::component!(collector "mdadm" => Mdadm, "State of software RAID arrays.");

struct Mdadm {
    mdstat: Source,
    state: Family<Gauge, 2>,
    disks: Family<Gauge, 2>,
    required: Family<Gauge, 1>,
    blocks: Family<Gauge, 1>,
    synced: Family<Gauge, 1>,
}

impl Component for Mdadm {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            mdstat: Source::new(&roots.procfs, "mdstat"),
            state: context.gauges(
                "node_md_state",
                "Whether the array is in this state: 1 or 0.",
                ["device", "state"],
            )?,
            disks: context.gauges(
                "node_md_disks",
                "Disks of the array that are in this state.",
                ["device", "state"],
            )?,
            required: context.gauges(
                "node_md_disks_required",
                "Disks that the array is to have.",
                ["device"],
            )?,
            blocks: context.gauges("node_md_blocks", "Blocks of the array.", ["device"])?,
            synced: context.gauges(
                "node_md_blocks_synced",
                "Blocks that are the same on all disks.",
                ["device"],
            )?,
        })
    }
}

impl Collector for Mdadm {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let Some(text) = self.mdstat.read_if_there()?.map(Cow::into_owned) else {
            return Ok(());
        };
        self.state.reset();
        self.disks.reset();
        for family in [&self.required, &self.blocks, &self.synced] {
            family.reset();
        }
        for array in arrays(&text) {
            self.tell(&array);
        }
        Ok(())
    }
}

impl Mdadm {
    fn tell(&self, array: &Array<'_>) {
        let device = array.device;
        for state in STATES {
            let is_it = array.state == state;
            self.state
                .with([device, state])
                .set(f64::from(u8::from(is_it)));
        }
        let disks = [
            ("active", array.active),
            ("failed", array.failed),
            ("spare", array.spare),
        ];
        for (state, count) in disks {
            self.disks.with([device, state]).set(count);
        }
        self.required.with([device]).set(array.required);
        self.blocks.with([device]).set(array.blocks);
        self.synced.with([device]).set(array.synced);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Mdadm, "mdadm");
}
