//! The plugins that are there, and how they change.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;

use super::{
    Candidate, Component, Failed, Kind, Maker, Plan, Want,
    plan::PluginPlan,
    record::Failure,
};
use crate::registry::Owner;

/// The state of a plugin or a component, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// All is well.
    Running,
    /// The configuration has it off.
    Disabled,
    /// The last call failed, or some component could not be made.
    Degraded,
    /// A call hangs.
    Stuck,
    /// It is not there, and should be.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Running, Self::Disabled, Self::Degraded, Self::Stuck, Self::Failed];

    /// As people and labels say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Degraded => "degraded",
            Self::Stuck => "stuck",
            Self::Failed => "failed",
            Self::Disabled => "disabled",
        }
    }
}

/// A plugin that is there.
pub struct Plugin {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One line for people.
    pub description: String,
    /// Its file and that file's digest; nothing for one that is linked in.
    pub file: Option<(PathBuf, Option<String>)>,
    /// Whether the configuration has it on.
    pub enabled: bool,
    /// What runs.
    pub components: Vec<Running>,
    /// What could not be made.
    pub broken: Vec<(Owner, Kind, Failure)>,
    /// What the configuration has off.
    pub off: Vec<(String, Kind)>,
    /// Why it could not be loaded.
    pub failed: Option<Failed>,
    /// The plugin, unless it failed.
    candidate: Option<Candidate>,
}

/// A component that runs, and what was wanted of it.
#[derive(Clone)]
pub struct Running {
    /// The component.
    pub component: Arc<Component>,
    /// What was wanted.
    pub want: Want,
}

/// The plugins that are there. Readers see the one list or the next, never a mixture.
pub struct Catalog {
    maker: Maker,
    plugins: ArcSwap<Vec<Arc<Plugin>>>,
}

impl Catalog {
    /// A catalog without plugins.
    pub fn new(maker: Maker) -> Self {
        Self { maker, plugins: ArcSwap::default() }
    }

    /// All plugins, ordered by name.
    pub fn plugins(&self) -> Arc<Vec<Arc<Plugin>>> {
        self.plugins.load_full()
    }

    /// All components that run.
    pub fn components(&self) -> Vec<Arc<Component>> {
        let plugins = self.plugins.load();
        let running = plugins.iter().flat_map(|plugin| &plugin.components);
        running.map(|running| Arc::clone(&running.component)).collect()
    }

    /// Makes what is wanted and not there, keeps what stays the same, and answers what is no longer
    /// wanted; the caller stops that. Blocks.
    pub fn apply(&self, plan: &Plan) -> Vec<Arc<Component>> {
        let before = self.plugins.load_full();
        let mut plugins: Vec<Arc<Plugin>> = Vec::new();
        for planned in &plan.plugins {
            let name = planned.candidate.manifest.name.as_str();
            let old = before.iter().find(|plugin| plugin.name == name);
            plugins.push(Arc::new(self.apply_one(planned, old.map(AsRef::as_ref))));
        }
        for failed in &plan.failed {
            self.maker.instruments.plugins.refused(&failed.reason);
            plugins.push(Arc::new(Plugin::failed(failed)));
        }
        plugins.sort_by(|a, b| a.name.cmp(&b.name));
        self.plugins.store(Arc::new(plugins));
        self.forget_all_but_current(&before)
    }

    fn apply_one(&self, planned: &PluginPlan, old: Option<&Plugin>) -> Plugin {
        let candidate = &planned.candidate;
        let name = candidate.manifest.name.to_string();
        self.maker.registry.set_budget(&name, planned.max_series);
        let same_code = old.is_some_and(|old| old.is_of(candidate));
        let (mut components, mut broken) = (Vec::new(), Vec::new());
        for want in &planned.wants {
            let old = old.and_then(|old| old.running(&want.owner, want.kind));
            match old {
                Some(old) if same_code && old.want == *want => components.push(old.clone()),
                _ => match self.maker.make(&candidate.plugin, want) {
                    Ok(component) => components.push(Running { component, want: want.clone() }),
                    Err(failure) => {
                        tracing::error!(
                            component = %want.owner,
                            remedy = failure.remedy,
                            "{}", failure.message
                        );
                        broken.push((want.owner.clone(), want.kind, failure));
                        // The one that runs is better than none.
                        components.extend(old.cloned());
                    }
                },
            }
        }
        Plugin {
            name,
            version: candidate.manifest.version.to_string(),
            description: candidate.manifest.description.to_string(),
            file: candidate.file.as_ref().map(|(file, digest)| (file.clone(), Some(digest.clone()))),
            enabled: planned.enabled,
            components,
            broken,
            off: planned.off.clone(),
            failed: None,
            candidate: Some(candidate.clone()),
        }
    }

    /// What ran before and does not run now. Its series go, unless another has taken its place.
    fn forget_all_but_current(&self, before: &[Arc<Plugin>]) -> Vec<Arc<Component>> {
        let now = self.components();
        let mut gone = Vec::new();
        for old in before.iter().flat_map(|plugin| &plugin.components) {
            let old = &old.component;
            if now.iter().any(|component| Arc::ptr_eq(component, old)) {
                continue;
            }
            let replaced = |component: &&Arc<Component>| {
                component.owner == old.owner && component.kind == old.kind
            };
            if !now.iter().any(|component| replaced(&component)) {
                self.maker.registry.detach(&old.owner);
                self.maker.instruments.components.forget(&old.owner, old.kind);
            }
            gone.push(Arc::clone(old));
        }
        let names = self.plugins.load();
        for plugin in before.iter().filter(|old| !names.iter().any(|new| new.name == old.name)) {
            self.maker.instruments.plugins.forget(&plugin.name);
        }
        gone
    }
}

impl Plugin {
    fn failed(failed: &Failed) -> Self {
        Self {
            name: failed.name.clone(),
            version: String::new(),
            description: String::new(),
            file: Some((failed.file.clone(), None)),
            enabled: true,
            components: Vec::new(),
            broken: Vec::new(),
            off: Vec::new(),
            failed: Some(failed.clone()),
            candidate: None,
        }
    }

    /// Its state.
    pub fn state(&self) -> State {
        let records = || self.components.iter().map(|running| running.component.record());
        match () {
            () if self.failed.is_some() => State::Failed,
            () if !self.enabled => State::Disabled,
            () if self.components.is_empty() && !self.broken.is_empty() => State::Failed,
            () if records().any(|record| record.is_stuck()) => State::Stuck,
            () if !self.broken.is_empty() => State::Degraded,
            () if records().any(|record| record.failure.is_some()) => State::Degraded,
            () => State::Running,
        }
    }

    fn is_of(&self, candidate: &Candidate) -> bool {
        let digest = |candidate: &Candidate| candidate.file.as_ref().map(|(_, digest)| digest.clone());
        self.candidate.as_ref().is_some_and(|own| digest(own) == digest(candidate))
    }

    fn running(&self, owner: &Owner, kind: Kind) -> Option<&Running> {
        let same = |running: &&Running| {
            running.component.owner == *owner && running.component.kind == kind
        };
        self.components.iter().find(same)
    }
}
