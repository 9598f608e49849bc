//! The frequencies of the CPUs, where the machine tells them.

use std::{borrow::Cow, path::PathBuf};

use gaxx_sdk::prelude::*;

use crate::{
    attributes::{Attributes, names},
    roots::Roots,
    source::Absence,
};

gaxx_sdk::component!(collector "cpufreq" => Cpufreq, "Frequency of each CPU, and its limits.");

/// Attribute, metric and help. The kernel tells kilohertz.
const FREQUENCIES: [(&str, &str, &str); 6] = [
    (
        "cpuinfo_cur_freq",
        "node_cpu_frequency_hertz",
        "Frequency that the CPU runs at.",
    ),
    (
        "cpuinfo_min_freq",
        "node_cpu_frequency_min_hertz",
        "Lowest frequency of the CPU.",
    ),
    (
        "cpuinfo_max_freq",
        "node_cpu_frequency_max_hertz",
        "Highest frequency of the CPU.",
    ),
    (
        "scaling_cur_freq",
        "node_cpu_scaling_frequency_hertz",
        "Frequency that the governor chose.",
    ),
    (
        "scaling_min_freq",
        "node_cpu_scaling_frequency_min_hertz",
        "Lowest frequency that the governor may choose.",
    ),
    (
        "scaling_max_freq",
        "node_cpu_scaling_frequency_max_hertz",
        "Highest frequency that the governor may choose.",
    ),
];

struct Cpufreq {
    cpus: PathBuf,
    absence: Absence,
    frequencies: Vec<(&'static str, Family<Gauge, 1>)>,
    governor: Family<Gauge, 2>,
}

impl Component for Cpufreq {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let register = |(attribute, name, help)| {
            context
                .gauges(name, help, ["cpu"])
                .map(|family| (attribute, family))
        };
        Ok(Self {
            cpus: roots.sysfs.join("devices/system/cpu"),
            absence: Absence::default(),
            frequencies: FREQUENCIES
                .into_iter()
                .map(register)
                .collect::<Result<_>>()?,
            governor: context.gauges(
                "node_cpu_scaling_governor",
                "Whether this governor is the one in use.",
                ["cpu", "governor"],
            )?,
        })
    }
}

impl Collector for Cpufreq {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        self.frequencies
            .iter()
            .for_each(|(_, family)| family.reset());
        self.governor.reset();
        let mut found = false;
        for name in names(&self.cpus).unwrap_or_default() {
            let Some(cpu) = name.to_str().and_then(|name| name.strip_prefix("cpu")) else {
                continue;
            };
            if !cpu.starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            let Ok(mut attributes) = Attributes::open(&self.cpus.join(&name).join("cpufreq"))
            else {
                continue;
            };
            found = true;
            for (attribute, family) in &self.frequencies {
                if let Some(kilohertz) = attributes.number(attribute) {
                    family.with([cpu]).set(kilohertz * 1000.0);
                }
            }
            self.governors(cpu, &mut attributes);
        }
        if !found {
            self.absence.say(&self.cpus.join("cpu0/cpufreq"));
        }
        Ok(())
    }
}

impl Cpufreq {
    fn governors(&self, cpu: &str, attributes: &mut Attributes) {
        let Some(current) = attributes.text("scaling_governor").map(Cow::into_owned) else {
            return;
        };
        if let Some(available) = attributes.text("scaling_available_governors") {
            for governor in available.split_ascii_whitespace() {
                self.governor.with([cpu, governor]).set(0.0);
            }
        }
        self.governor.with([cpu, &current]).set(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Cpufreq, "cpufreq");
}
