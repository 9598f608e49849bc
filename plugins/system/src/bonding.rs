//! Network devices bonded to one: how many there are, and how many work.

use std::path::{Path, PathBuf};

use gaxx_sdk::prelude::*;

use crate::{attributes::Attributes, roots::Roots, source::Source};

gaxx_sdk::component!(collector "bonding" => Bonding, "Network devices bonded to one.");

struct Bonding {
    devices: PathBuf,
    masters: Source,
    slaves: Family<Gauge, 1>,
    active: Family<Gauge, 1>,
}

impl Component for Bonding {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            devices: roots.sysfs.join("class/net"),
            masters: Source::new(&roots.sysfs, "class/net/bonding_masters"),
            slaves: context.gauges(
                "node_bonding_slaves",
                "Network devices that are part of the bond.",
                ["master"],
            )?,
            active: context.gauges(
                "node_bonding_active",
                "Network devices of the bond that have a link.",
                ["master"],
            )?,
        })
    }
}

impl Collector for Bonding {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        self.slaves.reset();
        self.active.reset();
        let Some(masters) = self.masters.read_if_there()? else {
            return Ok(());
        };
        for master in masters.split_ascii_whitespace() {
            if let Some((slaves, active)) = count(&self.devices, master) {
                self.slaves.with([master]).set(slaves);
                self.active.with([master]).set(active);
            }
        }
        Ok(())
    }
}

/// How many devices a bond has, and how many of them have a link.
fn count(devices: &Path, master: &str) -> Option<(f64, f64)> {
    let bond = devices.join(master);
    let slaves = Attributes::open(&bond)
        .ok()?
        .text("bonding/slaves")?
        .into_owned();
    let mut count = (0.0, 0.0);
    for slave in slaves.split_ascii_whitespace() {
        count.0 += 1.0;
        // Older kernels have the folder `slave_NAME`, all have `lower_NAME`.
        let folders = ["lower_", "slave_"].map(|prefix| bond.join(format!("{prefix}{slave}")));
        let mut folders = folders
            .iter()
            .filter_map(|folder| Attributes::open(folder).ok());
        let is_up = folders.any(|mut slave| {
            slave
                .text("bonding_slave/mii_status")
                .is_some_and(|status| status == "up")
        });
        count.1 += f64::from(u8::from(is_up));
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Bonding, "bonding");
}
