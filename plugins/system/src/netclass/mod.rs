//! Properties of the network devices, from `/sys/class/net`.

mod properties;

use std::path::PathBuf;

use gaxx_sdk::{ErrorKind, prelude::*};

use self::properties::Properties;
use crate::{
    devices::Devices,
    pattern::{Excluded, Pattern},
};

gaxx_sdk::component!(collector "netclass" => Netclass, "State, speed and other properties of the network devices.");

#[settings]
pub(crate) struct Settings {
    /// Where the kernel's device file system is mounted.
    #[default("/sys".into())]
    sysfs: PathBuf,
    /// Which network devices' properties are collected.
    #[default]
    netclass: NetclassSettings,
}

/// Which network devices' properties are collected.
#[settings]
pub(crate) struct NetclassSettings {
    /// A regular expression for the names of devices that are left out.
    #[default(Pattern::fixed("^$"))]
    ignored_devices: Pattern,
}

struct Netclass {
    devices: Devices,
    excluded: Excluded,
    properties: Properties,
}

impl Component for Netclass {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        Ok(Self {
            devices: Devices::new(settings.sysfs.join("class/net")),
            excluded: Excluded::new(settings.netclass.ignored_devices),
            properties: Properties::new(context)?,
        })
    }
}

impl Collector for Netclass {
    fn collect(&mut self, deadline: Deadline) -> Result<()> {
        self.properties.reset();
        for name in self.devices.names()? {
            let device = name.to_string_lossy();
            if self.excluded.has(&device) {
                continue;
            }
            self.devices.read(&name, |attributes| {
                self.properties.tell(&device, attributes);
            });
            if deadline.has_passed() {
                // Some drivers ask their hardware at each read.
                let message = format!("the network devices answer slowly, {device} was the last");
                return Err(Error::new(ErrorKind::Deadline, message)
                    .remedy("leave the slow ones out with netclass.ignored_devices"));
            }
        }
        self.devices.close_unused();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Netclass, "netclass");
}
