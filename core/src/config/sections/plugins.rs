//! Where plugins come from, and how each of them runs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Isolation, Process, ProcessSection, Trust};
use crate::config::values::{Duration, Settings, Version};

/// Where plugins come from, and a section for each of them, under the plugin's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Plugins {
    /// Folders whose plugin libraries are loaded. A relative path counts from the folder of the
    /// configuration file. `--plugins` on the command line adds to them.
    #[schemars(inner(length(min = 1)))]
    pub folders: Vec<PathBuf>,
    /// Whether changes in the folders take effect at once: libraries that were added, replaced or
    /// removed. Without it they do at a reload.
    pub watch: bool,
    /// Where the code of libraries runs. What is linked in runs in the program unless its own
    /// section says something else.
    pub isolation: Isolation,
    /// What the process of a plugin may use, and what becomes of one that ended.
    pub process: Process,
    /// Which libraries are trusted, beyond what owner and mode of their files say.
    pub trust: Trust,
    /// A section for each plugin, under its name.
    #[serde(flatten)]
    pub sections: BTreeMap<String, PluginSection>,
}

impl Default for Plugins {
    fn default() -> Self {
        Self {
            folders: Vec::new(),
            watch: true,
            isolation: Isolation::default(),
            process: Process::default(),
            trust: Trust::default(),
            sections: BTreeMap::new(),
        }
    }
}

impl Plugins {
    /// The section of the plugin `name`; the default one if the file has none.
    #[must_use]
    pub fn section(&self, name: &str) -> PluginSection {
        self.sections.get(name).cloned().unwrap_or_default()
    }

    /// Where the code of the plugin `name` runs.
    #[must_use]
    pub fn isolation(&self, name: &str, linked: bool) -> Isolation {
        let default = if linked {
            Isolation::InProcess
        } else {
            self.isolation
        };
        let own = self.sections.get(name).and_then(|own| own.isolation);
        own.unwrap_or(default)
    }

    /// What the process of the plugin `name` may use.
    #[must_use]
    pub fn process(&self, name: &str) -> Process {
        match self.sections.get(name) {
            Some(own) => own.process.over(&self.process),
            None => self.process.clone(),
        }
    }
}

/// How one plugin runs. Every key that is not listed here is a setting of the plugin itself, and
/// is checked against what the plugin says of its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PluginSection {
    /// Whether the plugin runs.
    pub enabled: bool,
    /// Where its code runs: `plugins.isolation` if it is not set, and `in-process` for what is
    /// linked in.
    pub isolation: Option<Isolation>,
    /// What its process may use, and what becomes of one that ended.
    pub process: ProcessSection,
    /// The oldest version of its library that is loaded, so that nobody can put back a version
    /// with a known fault, signed as it may be. It is needed before libraries are loaded, so it
    /// can be set in the file only.
    pub min_version: Option<Version>,
    /// How often its collectors run; `telemetry.metrics_interval` if it is not set.
    pub interval: Option<Duration>,
    /// How long one call into the plugin may take.
    pub deadline: Duration,
    /// How many series the plugin may have. What is over is left out and counted.
    #[schemars(range(min = 1))]
    pub max_series: u64,
    /// How long the last values of a late or failing component are still served.
    pub keep_values: Duration,
    /// What differs for single components of the plugin, under the component's name.
    pub components: BTreeMap<String, ComponentSection>,
    /// Several instances of the plugin, each under a name of its own and with settings of the
    /// plugin. What an instance does not set it takes from the plugin's section.
    pub instances: BTreeMap<String, Settings>,
    /// The settings of the plugin itself.
    #[serde(flatten)]
    pub settings: Settings,
}

impl Default for PluginSection {
    fn default() -> Self {
        Self {
            enabled: true,
            isolation: None,
            process: ProcessSection::default(),
            min_version: None,
            interval: None,
            deadline: Duration::from_secs(5),
            max_series: 10_000,
            keep_values: Duration::from_secs(300),
            components: BTreeMap::new(),
            instances: BTreeMap::new(),
            settings: Settings::default(),
        }
    }
}

/// What differs for one component of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ComponentSection {
    /// Whether the component runs.
    pub enabled: bool,
    /// How often it runs; the plugin's `interval` if it is not set.
    pub interval: Option<Duration>,
    /// How long one call may take; the plugin's `deadline` if it is not set.
    pub deadline: Option<Duration>,
}

impl Default for ComponentSection {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: None,
            deadline: None,
        }
    }
}

/// How one component runs, with everything it inherits filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComponentPlan {
    /// Whether it runs.
    pub enabled: bool,
    /// How often.
    pub interval: Duration,
    /// How long one call may take.
    pub deadline: Duration,
}

impl PluginSection {
    /// How the component `name` runs; `interval` is `telemetry.metrics_interval`.
    #[must_use]
    pub fn component(&self, name: &str, interval: Duration) -> ComponentPlan {
        let own = self.components.get(name);
        ComponentPlan {
            enabled: self.enabled && own.is_none_or(|own| own.enabled),
            interval: own
                .and_then(|own| own.interval)
                .or(self.interval)
                .unwrap_or(interval),
            deadline: own.and_then(|own| own.deadline).unwrap_or(self.deadline),
        }
    }

    /// The instances to create, each with its name and whole settings: those of `instances` laid
    /// over the section's, or one without a name if there are none.
    pub fn instances(&self) -> Vec<(Option<&str>, Settings)> {
        if self.instances.is_empty() {
            return vec![(None, self.settings.clone())];
        }
        self.instances
            .iter()
            .map(|(name, own)| (Some(name.as_str()), self.settings.overlaid(own)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn components_and_instances_inherit() {
        let section: PluginSection = serde_yaml::from_str(
            "{interval: 10s, timeout: 2s, components: {a: {deadline: 1s}}, \
             instances: {web: {port: 80}, fast: {timeout: 1s}}}",
        )
        .unwrap();
        let standard = Duration::from_secs(30);
        assert_eq!(
            section.component("a", standard).interval,
            Duration::from_secs(10)
        );
        assert_eq!(
            section.component("a", standard).deadline,
            Duration::from_secs(1)
        );
        assert_eq!(
            section.component("b", standard).deadline,
            Duration::from_secs(5)
        );
        let instances = section.instances();
        assert_eq!(instances[0].0, Some("fast"));
        assert_eq!(instances[0].1.reveal()["timeout"], "1s");
        assert_eq!(instances[1].1.reveal()["timeout"], "2s");
        assert_eq!(instances[1].1.reveal()["port"], 80);
        assert_eq!(
            PluginSection::default().instances(),
            [(None, Settings::default())]
        );
    }
}
