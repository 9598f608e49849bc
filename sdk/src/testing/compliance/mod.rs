//! Whether a plugin does as a plugin should: the same examination for all.

mod calls;
mod documents;
mod faults;
mod lives;
mod process;
mod specimen;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use gaxx_abi::{PluginBox, manifest};
use serde_json::{Value, json};

use self::specimen::Specimen;
use super::child::made_in_child;
use crate::logging;

/// What a step of the examination finds.
type Step = fn(&Specimen) -> Vec<String>;

/// What is examined in each component, and how.
const STEPS: [(&str, Step); 7] = [
    ("many calls", calls::many),
    ("calls that have no time", faults::no_time),
    ("hostile settings", faults::hostile_settings),
    ("a host that refuses", faults::refusals),
    (
        "being made and stopped again and again",
        lives::again_and_again,
    ),
    ("two instances", lives::two_instances),
    ("a change of versions", lives::change_of_versions),
];

/// How long an examination may take. Its steps have their own limits, far below.
const LIMIT: Duration = Duration::from_hours(1);

/// An examination of a plugin: [`comply`].
#[derive(Debug, Clone)]
pub struct Compliance {
    plugin: String,
    settings: BTreeMap<String, Value>,
    excepted: Vec<String>,
    cycles: u32,
    patience: Duration,
}

/// Whether the plugin of this name does as a plugin should. It is one that this test is linked
/// with: the one whose test it is.
///
/// ```no_run
/// # use gaxx_sdk::{json, testing};
/// #[test]
/// fn it_complies() {
///     testing::comply("directory").settings("directory", json!({ "paths": ["/etc"] })).assert();
/// }
/// ```
///
/// Each component is made with the settings given here, or with none, and must work. It is examined
/// in a process of its own, through the ABI, as gaxx-mon would run it:
///
/// * The manifest has names, descriptions and kinds; every setting has a description, and a default
///   unless it must be given or may be left out.
/// * Metrics are named after Prometheus' rules, in base units, with a sentence as help text.
/// * Over many calls neither series nor families, open files, threads or memory grow and grow.
/// * Calls return within 30 s though their deadline has passed.
/// * Settings that the schema forbids are refused with an error that names them; no settings and no
///   refusal of the host make it panic.
/// * It is made, started, called and stopped again and again, and leaves no open file and no thread
///   behind; two instances work beside each other; what it saves is understood by the next, and
///   what it cannot read does no harm.
///
/// A test that examines a plugin has one such call, and no [`in_child`](super::in_child) beside it.
pub fn comply(plugin: &str) -> Compliance {
    Compliance {
        plugin: plugin.to_owned(),
        settings: BTreeMap::new(),
        excepted: Vec::new(),
        cycles: 200,
        patience: Duration::from_secs(30),
    }
}

impl Compliance {
    /// The settings of a component, with which it works where the test runs.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // So that a test can write `json!({})`.
    pub fn settings(mut self, component: &str, settings: Value) -> Self {
        self.settings.insert(component.to_owned(), settings);
        self
    }

    /// Metrics whose names, units and help texts are as others made them: names, or beginnings of
    /// names with a `*`.
    #[must_use]
    pub fn except(mut self, names: &[&str]) -> Self {
        self.excepted.extend(names.iter().map(ToString::to_string));
        self
    }

    /// How many calls are many; 200 without this.
    #[must_use]
    pub fn cycles(mut self, cycles: u32) -> Self {
        self.cycles = cycles;
        self
    }

    /// How long a step of the examination may take, which is some calls or many; 30 s without this.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Examines the plugin, and panics with all that was found.
    ///
    /// # Panics
    ///
    /// If anything was found.
    #[track_caller]
    pub fn assert(&self) {
        let findings = self.findings();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    /// Examines the plugin, and says what is wrong with it: nothing, if all is well.
    pub fn findings(&self) -> Vec<String> {
        let made = made_in_child(LIMIT, || json!(self.examine()).to_string());
        let found = made.and_then(|text| Ok(serde_json::from_str(&text)?));
        // What ended the process was found, too.
        found.unwrap_or_else(|error| vec![format!("{}: {error}", self.plugin)])
    }

    fn examine(&self) -> Vec<String> {
        logging::install();
        let plugins = crate::linked().into_iter();
        let mut described = plugins.map(|plugin| (plugin.manifest(), plugin));
        let Some((manifest, plugin)) = described.find(|(it, _)| it.name == self.plugin.as_str())
        else {
            return vec![format!(
                "no plugin {} is linked with this test",
                self.plugin
            )];
        };
        let mut findings = documents::of_manifest(&manifest);
        let named = |name| manifest.components.iter().any(|it| it.name == name);
        for name in self.settings.keys().filter(|name| !named(name.as_str())) {
            findings.push(format!("{}: there is no component {name}", self.plugin));
        }
        let plugin = Arc::new(plugin);
        for component in manifest.components {
            let name = format!("{}/{}", self.plugin, component.name);
            let found = self.examine_component(&plugin, component);
            findings.extend(
                found
                    .into_iter()
                    .map(|finding| format!("{name}: {finding}")),
            );
        }
        findings
    }

    fn examine_component(
        &self,
        plugin: &Arc<PluginBox>,
        component: manifest::Component,
    ) -> Vec<String> {
        let given = self.settings.get(component.name.as_str());
        let specimen = match Specimen::new(plugin, component, given, self.cycles) {
            Ok(specimen) => Arc::new(specimen),
            Err(finding) => return vec![finding],
        };
        let mut findings = documents::of_settings(&specimen.schema);
        for (what, step) in STEPS {
            // The parent shows it should this end the process.
            eprintln!("{}: {what}", specimen.component.name);
            let (sender, receiver) = channel();
            let examined = Arc::clone(&specimen);
            thread::spawn(move || sender.send(step(&examined)));
            match receiver.recv_timeout(self.patience) {
                Ok(found) => findings.extend(found.into_iter().filter(|it| !self.excepts(it))),
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = self.patience.as_secs_f64();
                    findings.push(format!("{what}: not over within {seconds} s: it may hang"));
                    return findings;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    findings.push(format!("{what}: it panicked where no call was under way"));
                }
            }
        }
        findings
    }

    /// Whether a finding is about a metric that is as others made it.
    fn excepts(&self, finding: &str) -> bool {
        let metric = finding.split(':').next().unwrap_or_default();
        self.excepted
            .iter()
            .any(|name| match name.strip_suffix('*') {
                Some(beginning) => metric.starts_with(beginning),
                None => metric == name,
            })
    }
}
