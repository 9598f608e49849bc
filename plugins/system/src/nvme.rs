//! Model, firmware and state of the `NVMe` drives.

use std::path::PathBuf;

use gaxx_sdk::prelude::*;

use crate::{
    attributes::{Attributes, Class},
    roots::Roots,
};

gaxx_sdk::component!(collector "nvme" => Nvme, "Model, firmware and state of the NVMe drives.");

const ATTRIBUTES: [&str; 4] = ["firmware_rev", "model", "serial", "state"];

struct Nvme {
    folder: PathBuf,
    class: Class,
    info: Family<Gauge, 5>,
}

impl Component for Nvme {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            folder: roots.sysfs.join("class/nvme"),
            class: Class::default(),
            info: context.gauges(
                "node_nvme_info",
                "Model, firmware and state of a drive, in the labels; always 1.",
                ["device", "firmware_revision", "model", "serial", "state"],
            )?,
        })
    }
}

impl Collector for Nvme {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        self.info.reset();
        for name in self.class.names(&self.folder)? {
            let Ok(mut attributes) = Attributes::open(&self.folder.join(&name)) else {
                continue;
            };
            let [firmware, model, serial, state] =
                ATTRIBUTES.map(|name| attributes.text(name).unwrap_or_default().into_owned());
            let device = name.to_string_lossy();
            self.info
                .with([&device, &firmware, &model, &serial, &state])
                .set(1.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Nvme, "nvme");
}
