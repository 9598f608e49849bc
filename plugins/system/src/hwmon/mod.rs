//! Temperatures, fans, voltages and currents, from `/sys/class/hwmon`.

mod chip;
mod sensor;

use std::path::{Path, PathBuf};

use gaxx_sdk::prelude::*;

use self::sensor::{Measure, is_sensor, measure, split};
use crate::{
    attributes::{Attributes, Class, names},
    by_name::ByName,
    roots::Roots,
};

gaxx_sdk::component!(collector "hwmon" => Hwmon, "Temperatures, fans, voltages, currents and power.");

struct Hwmon {
    folder: PathBuf,
    class: Class,
    chip_names: Family<Gauge, 2>,
    sensor_labels: Family<Gauge, 3>,
    measures: ByName<Values>,
}

/// The metric of one measure. Energy is the only one that just grows.
#[derive(Debug)]
enum Values {
    State(Family<Gauge, 2>),
    Total(Family<Counter, 2>),
}

impl Component for Hwmon {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            folder: roots.sysfs.join("class/hwmon"),
            class: Class::default(),
            chip_names: context.gauges(
                "node_hwmon_chip_names",
                "Name of the chip's kind, in the labels; always 1.",
                ["chip", "chip_name"],
            )?,
            sensor_labels: context.gauges(
                "node_hwmon_sensor_label",
                "Name of the sensor for people, in the labels; always 1.",
                ["chip", "sensor", "label"],
            )?,
            measures: ByName::new(context),
        })
    }
}

impl Collector for Hwmon {
    fn collect(&mut self, deadline: Deadline) -> Result<()> {
        self.chip_names.reset();
        self.sensor_labels.reset();
        self.measures.handles().for_each(Values::reset);
        for name in self.class.names(&self.folder)? {
            self.chip(&self.folder.join(name));
            if deadline.has_passed() {
                // Some chips answer over a slow bus.
                let message = "the sensors answer slowly";
                return Err(Error::new(gaxx_sdk::ErrorKind::Deadline, message)
                    .remedy("give the component a longer deadline, or turn it off"));
            }
        }
        Ok(())
    }
}

impl Hwmon {
    fn chip(&mut self, folder: &Path) {
        let Some(chip) = chip::name(folder) else {
            return;
        };
        if let Ok(mut attributes) = Attributes::open(folder)
            && let Some(name) = attributes.text("name")
        {
            self.chip_names.with([&chip, &chip::clean(&name)]).set(1.0);
        }
        // Old drivers have their sensors one folder deeper.
        for folder in [folder.to_owned(), folder.join("device")] {
            if let Ok(mut attributes) = Attributes::open(&folder) {
                self.sensors(&chip, &folder, &mut attributes);
            }
        }
    }

    fn sensors(&mut self, chip: &str, folder: &Path, attributes: &mut Attributes) {
        let names = names(folder).unwrap_or_default();
        for name in names.iter().filter_map(|name| name.to_str()) {
            let Some((kind, sensor, element)) = split(name).filter(|split| is_sensor(split.0))
            else {
                continue;
            };
            if element == "label" {
                if let Some(label) = attributes.text(name).filter(|label| !label.is_empty()) {
                    self.sensor_labels.with([chip, sensor, &label]).set(1.0);
                }
                continue;
            }
            let Some(value) = attributes.number(name) else {
                continue;
            };
            let has_bare = element == "input" && names.iter().any(|name| name == sensor);
            let Some(measure) = measure(kind, element, has_bare) else {
                continue;
            };
            let factor = measure.factor;
            let register = |context: &Context| Values::register(context, &measure).map(Some);
            if let Some(values) = self.measures.get(&measure.name, register) {
                values.set([chip, sensor], value * factor);
            }
        }
    }
}

impl Values {
    fn register(context: &Context, measure: &Measure) -> Result<Self> {
        let labels = ["chip", "sensor"];
        Ok(if measure.is_total {
            Self::Total(context.counters(&measure.name, &measure.help, labels)?)
        } else {
            Self::State(context.gauges(&measure.name, &measure.help, labels)?)
        })
    }

    fn reset(&self) {
        match self {
            Self::State(family) => family.reset(),
            Self::Total(family) => family.reset(),
        }
    }

    fn set(&self, labels: [&str; 2], value: f64) {
        match self {
            Self::State(family) => family.with(labels).set(value),
            Self::Total(family) => family.with(labels).set_total(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Hwmon, "hwmon");
}
