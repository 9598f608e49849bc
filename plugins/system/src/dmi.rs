//! Maker, model and firmware of the machine.

use std::path::PathBuf;

use gaxx_sdk::prelude::*;

use crate::{attributes::Attributes, roots::Roots, source::Absence};

gaxx_sdk::component!(collector "dmi" => Dmi, "Maker, model and firmware of the machine.");

/// Attributes, which are the labels too but for the maker of the system.
const ATTRIBUTES: [&str; 20] = [
    "bios_date",
    "bios_release",
    "bios_vendor",
    "bios_version",
    "board_asset_tag",
    "board_name",
    "board_serial",
    "board_vendor",
    "board_version",
    "chassis_asset_tag",
    "chassis_serial",
    "chassis_vendor",
    "chassis_version",
    "product_family",
    "product_name",
    "product_serial",
    "product_sku",
    "product_uuid",
    "product_version",
    "sys_vendor",
];

struct Dmi {
    folder: PathBuf,
    absence: Absence,
    info: Family<Gauge, 20>,
    /// It never changes while the machine runs.
    is_told: bool,
}

impl Component for Dmi {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let labels = ATTRIBUTES.map(|name| match name {
            "sys_vendor" => "system_vendor",
            name => name,
        });
        Ok(Self {
            folder: roots.sysfs.join("class/dmi/id"),
            absence: Absence::default(),
            info: context.gauges(
                "node_dmi_info",
                "Maker, model and firmware of the machine, in the labels; always 1.",
                labels,
            )?,
            is_told: false,
        })
    }
}

impl Collector for Dmi {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        if self.is_told {
            return Ok(());
        }
        let Ok(mut attributes) = Attributes::open(&self.folder) else {
            self.absence.say(&self.folder);
            return Ok(());
        };
        // Serial numbers are for root alone; what cannot be read is empty.
        let values = ATTRIBUTES.map(|name| attributes.text(name).unwrap_or_default().into_owned());
        self.info
            .with(values.each_ref().map(String::as_str))
            .set(1.0);
        self.is_told = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Dmi, "dmi");
}
