//! What the configuration wants of the plugins that were found.

use std::time::Duration;

use gaxx_abi::manifest;
use serde_json::{Map, Value};

use super::{Candidate, Discovery, Failed, Kind, Standing, Timing, schema};
use crate::{
    config::{Config, PluginSection},
    export::Sending,
    health,
    registry::Owner,
    role::Role,
};

/// A component that should run, and how.
#[derive(Clone, PartialEq)]
pub struct Want {
    /// Whose it will be.
    pub owner: Owner,
    /// What it does.
    pub kind: Kind,
    /// Its settings, a JSON object. Any of them may be a secret: this is not for showing.
    pub settings: String,
    /// When it runs.
    pub timing: Timing,
    /// What an exporter sends, and how that waits; nothing for all else.
    pub sending: Sending,
    /// The paths of an endpoint; empty for all else.
    pub routes: Vec<manifest::Route>,
}

impl Want {
    /// Whether the other is wanted in the same place.
    pub(super) fn is_place_of(&self, other: &Self) -> bool {
        self.owner == other.owner && self.kind == other.kind
    }
}

/// What should become of a plugin.
#[derive(Clone)]
pub struct PluginPlan {
    /// The plugin.
    pub candidate: Candidate,
    /// Whether the configuration has it on.
    pub enabled: bool,
    /// How many series it may have.
    pub max_series: usize,
    /// The components that should run.
    pub wants: Vec<Want>,
    /// The components that should not.
    pub off: Vec<(String, Kind)>,
}

/// What should become of all plugins.
#[derive(Clone, Default)]
pub struct Plan {
    /// Each plugin that can be used.
    pub plugins: Vec<PluginPlan>,
    /// Each library that cannot.
    pub failed: Vec<Failed>,
    /// Each library that cannot, and whose plugin runs on.
    pub standing: Standing,
}

/// What the configuration wants of the plugins that were found, and of those that run on.
pub fn plan(config: &Config, role: Role, found: &Discovery, standing: &Standing) -> Plan {
    let plugins = found
        .candidates
        .iter()
        .map(|candidate| plan_one(config, role, candidate));
    Plan {
        plugins: plugins.collect(),
        failed: found.failed.clone(),
        standing: standing.clone(),
    }
}

fn plan_one(config: &Config, role: Role, candidate: &Candidate) -> PluginPlan {
    let manifest = &candidate.manifest;
    let section = config.plugins.section(&manifest.name);
    let mut wants = Vec::new();
    let mut off = Vec::new();
    for component in &manifest.components {
        // A kind that a newer plugin has and this host does not know is passed over.
        let Some(kind) = Kind::from_number(component.kind) else {
            continue;
        };
        let wanted = match kind {
            _ if !schema::is_for(role, component) => Vec::new(),
            Kind::Exporter => exporters(config, candidate, component),
            _ => instances(config, &section, candidate, component, kind),
        };
        if !section.enabled || wanted.is_empty() {
            off.push((component.name.to_string(), kind));
        } else {
            wants.extend(wanted);
        }
    }
    PluginPlan {
        candidate: candidate.clone(),
        enabled: section.enabled,
        max_series: usize::try_from(section.max_series).unwrap_or(usize::MAX),
        wants,
        off,
    }
}

/// One for each instance, or the only one.
fn instances(
    config: &Config,
    section: &PluginSection,
    candidate: &Candidate,
    component: &manifest::Component,
    kind: Kind,
) -> Vec<Want> {
    let names: Vec<(String, Map<String, Value>)> = if section.instances.is_empty() {
        vec![(String::new(), section.settings.reveal().clone())]
    } else {
        let overlaid = |settings| section.settings.overlaid(settings).reveal().clone();
        section
            .instances
            .iter()
            .map(|(name, own)| (name.clone(), overlaid(own)))
            .collect()
    };
    let asked = names
        .into_iter()
        .filter(|(_, settings)| schema::is_asked_for(settings, component));
    let wanted = asked.filter_map(|(instance, settings)| {
        let mut owner = Owner::new(candidate.manifest.name.as_str(), component.name.as_str());
        owner.instance = instance;
        let timing = timing(config, section, component, kind, &owner)?;
        Some(Want {
            settings: schema::pick(&settings, component),
            routes: component.routes.to_vec(),
            owner,
            kind,
            timing,
            sending: Sending::default(),
        })
    });
    wanted.collect()
}

/// When a component runs; nothing if it is off.
fn timing(
    config: &Config,
    section: &PluginSection,
    component: &manifest::Component,
    kind: Kind,
    owner: &Owner,
) -> Option<Timing> {
    let keep = section.keep_values.get();
    let own_wish = (component.interval > 0)
        .then(|| Duration::from_nanos(component.interval).try_into().ok())
        .flatten();
    let default = own_wish.unwrap_or(config.telemetry.metrics_interval);
    let plan = section.component(&component.name, default);
    if kind == Kind::HealthCheck {
        let name = health::check_name(owner);
        let check = config.health.check(&name);
        // What is said of the check itself goes first, then what is said of the component, then
        // what the plugin wishes, then what holds for all checks.
        let own = config.health.checks.get(&name);
        let set = section.components.get(component.name.as_str());
        let interval = own
            .and_then(|own| own.interval)
            .or(set.and_then(|set| set.interval));
        let deadline = own
            .and_then(|own| own.timeout)
            .or(set.and_then(|set| set.deadline));
        return (plan.enabled && check.enabled).then(|| Timing {
            interval: interval.or(own_wish).unwrap_or(check.interval).get(),
            deadline: deadline.unwrap_or(check.timeout).get(),
            keep,
        });
    }
    plan.enabled.then(|| Timing {
        interval: plan.interval.get(),
        deadline: plan.deadline.get(),
        keep,
    })
}

/// One for each section of the configuration that runs this exporter.
fn exporters(config: &Config, candidate: &Candidate, component: &manifest::Component) -> Vec<Want> {
    let wanted = config.exporters.iter().filter_map(|(name, section)| {
        let runs = section.exporter.as_deref().unwrap_or(name);
        if runs != component.name.as_str() || !section.enabled {
            return None;
        }
        let mut owner = Owner::new(candidate.manifest.name.as_str(), component.name.as_str());
        if name != component.name.as_str() {
            owner.instance.clone_from(name);
        }
        let interval = section
            .interval
            .unwrap_or(config.telemetry.metrics_interval)
            .get();
        Some(Want {
            owner,
            kind: Kind::Exporter,
            settings: schema::pick(section.settings.reveal(), component),
            timing: Timing {
                interval,
                deadline: section.deadline.get(),
                keep: interval * 10,
            },
            sending: section.sending(schema::takes(component)),
            routes: Vec::new(),
        })
    });
    wanted.collect()
}
