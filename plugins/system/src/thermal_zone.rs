//! Temperatures of thermal zones, and the state of the devices that cool them.

use std::path::PathBuf;

use gaxx_sdk::prelude::*;

use crate::{
    attributes::{Attributes, Class},
    roots::Roots,
};

gaxx_sdk::component!(collector "thermal-zone" => ThermalZone, "Temperatures of thermal zones, and cooling devices.");

struct ThermalZone {
    folder: PathBuf,
    class: Class,
    temperature: Family<Gauge, 2>,
    cooling: Family<Gauge, 2>,
    cooling_limit: Family<Gauge, 2>,
}

impl Component for ThermalZone {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            folder: roots.sysfs.join("class/thermal"),
            class: Class::default(),
            temperature: context.gauges(
                "node_thermal_zone_temp",
                "Temperature of the zone, in degrees Celsius.",
                ["zone", "type"],
            )?,
            cooling: context.gauges(
                "node_cooling_device_cur_state",
                "How strongly the device cools now.",
                ["name", "type"],
            )?,
            cooling_limit: context.gauges(
                "node_cooling_device_max_state",
                "How strongly the device can cool.",
                ["name", "type"],
            )?,
        })
    }
}

impl Collector for ThermalZone {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        for family in [&self.temperature, &self.cooling, &self.cooling_limit] {
            family.reset();
        }
        for name in self.class.names(&self.folder)? {
            let Ok(mut attributes) = Attributes::open(&self.folder.join(&name)) else {
                continue;
            };
            let name = name.to_string_lossy();
            let kind = attributes.text("type").unwrap_or_default().into_owned();
            if let Some(zone) = name.strip_prefix("thermal_zone") {
                // A zone that is switched off answers an error.
                if let Some(millidegrees) = attributes.number("temp") {
                    self.temperature
                        .with([zone, &kind])
                        .set(millidegrees / 1000.0);
                }
            } else if let Some(device) = name.strip_prefix("cooling_device") {
                let states = [
                    ("cur_state", &self.cooling),
                    ("max_state", &self.cooling_limit),
                ];
                for (attribute, family) in states {
                    if let Some(state) = attributes.number(attribute) {
                        family.with([device, &kind]).set(state);
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(ThermalZone, "thermal-zone");
}
