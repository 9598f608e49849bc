//! The plugins that are there, and how they change.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;

use super::{
    Candidate, Component, Failed, Kind, Maker, Plan, Refused, Ticket, Want, record::Failure,
    round::Round,
};
use crate::{isolation, registry::Owner};

/// How long components that are made wait for those that are not, before all of them are shown.
const PATIENCE: Duration = Duration::from_millis(500);

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
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Disabled,
        Self::Degraded,
        Self::Stuck,
        Self::Failed,
    ];

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
#[derive(Clone)]
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
    pub broken: Vec<Broken>,
    /// What the configuration has off.
    pub off: Vec<(String, Kind)>,
    /// Why it could not be loaded.
    pub failed: Option<Failed>,
    /// What should have taken its place, and did not.
    pub refused: Option<Refused>,
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

/// A component that could not be made.
#[derive(Clone)]
pub struct Broken {
    /// What was wanted.
    pub want: Want,
    /// Why it is not there.
    pub failure: Failure,
    /// The job of its constructor, which may hang.
    pub(super) ticket: Ticket,
}

/// The plugins that are there. Readers see the one list or the next, never a mixture.
pub struct Catalog {
    maker: Maker,
    plugins: ArcSwap<Vec<Arc<Plugin>>>,
    /// One change at a time.
    applying: Mutex<()>,
    settled: AtomicBool,
}

impl Catalog {
    /// A catalog without plugins.
    pub fn new(maker: Maker) -> Self {
        let settled = AtomicBool::new(false);
        Self {
            maker,
            plugins: ArcSwap::default(),
            applying: Mutex::default(),
            settled,
        }
    }

    /// All plugins, ordered by name.
    pub fn plugins(&self) -> Arc<Vec<Arc<Plugin>>> {
        self.plugins.load_full()
    }

    /// All components that run.
    pub fn components(&self) -> Vec<Arc<Component>> {
        let plugins = self.plugins.load();
        let running = plugins.iter().flat_map(|plugin| &plugin.components);
        running
            .map(|running| Arc::clone(&running.component))
            .collect()
    }

    /// Whether a first plan has been carried out: all it wants is there, or has failed.
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    /// Makes what is wanted and not there, keeps what stays the same, and answers what is no longer
    /// wanted; the caller stops that. Blocks.
    ///
    /// What takes the place of something that runs must pass a trial first, and all of a plugin
    /// takes over or nothing does. One that takes long keeps the others waiting for half a second:
    /// then they are there without it. `published` is called whenever the list has changed.
    pub fn apply(&self, plan: &Plan, published: impl Fn()) -> Vec<Arc<Component>> {
        let _one_at_a_time = self.applying.lock().unwrap_or_else(PoisonError::into_inner);
        let plugins = &self.maker.instruments.plugins;
        for failed in plan.failed.iter().chain(plan.standing.values()) {
            plugins.refused(&failed.reason);
        }
        for _ in plan.standing.values() {
            plugins.swapped(false);
        }
        let before = self.plugins.load_full();
        let mut round = Round::begin(&self.maker, plan, &before);
        let mut undecided = None;
        while undecided != Some(0) {
            let now = round.wait(Instant::now() + PATIENCE);
            if undecided.replace(now) != Some(now) {
                self.publish(round.plugins(), plan);
                published();
            }
        }
        self.settled.store(true, Ordering::Release);
        let rejected = round.rejected();
        self.forget_all_but_current(&before, rejected)
    }

    fn publish(&self, mut plugins: Vec<Arc<Plugin>>, plan: &Plan) {
        plugins.extend(plan.failed.iter().map(Plugin::failed).map(Arc::new));
        plugins.sort_by(|a, b| a.name.cmp(&b.name));
        self.plugins.store(Arc::new(plugins));
    }

    /// What ran before or was made in vain, and does not run now. Its series go, unless another has
    /// taken its place.
    fn forget_all_but_current(
        &self,
        before: &[Arc<Plugin>],
        rejected: Vec<Arc<Component>>,
    ) -> Vec<Arc<Component>> {
        let plugins = self.plugins.load();
        let now = self.components();
        let running = before.iter().flat_map(|plugin| &plugin.components);
        let mut gone: Vec<_> = running
            .map(|running| &running.component)
            .filter(|old| !now.iter().any(|component| Arc::ptr_eq(component, old)))
            .cloned()
            .collect();
        let wanted: BTreeSet<_> = plugins.iter().flat_map(|plugin| plugin.wants()).collect();
        for (owner, kind) in before.iter().flat_map(|plugin| plugin.wants()) {
            if !wanted.contains(&(owner, kind)) {
                // A new version may have made it another kind, which has the owner's table now.
                if !wanted.iter().any(|(other, _)| *other == owner) {
                    self.maker.registry.detach(owner);
                }
                self.maker.instruments.components.forget(owner, kind);
            }
        }
        for component in &rejected {
            if !wanted.contains(&(&component.owner, component.kind)) {
                let components = &self.maker.instruments.components;
                components.forget(&component.owner, component.kind);
            }
        }
        gone.extend(rejected);
        for plugin in before
            .iter()
            .filter(|old| !plugins.iter().any(|new| new.name == old.name))
        {
            self.maker.instruments.plugins.forget(&plugin.name);
        }
        gone
    }
}

impl Plugin {
    /// A plugin of which nothing runs.
    pub(super) fn new(candidate: &Candidate) -> Self {
        let Candidate { manifest, file, .. } = candidate;
        Self {
            name: manifest.name.to_string(),
            version: manifest.version.to_string(),
            description: manifest.description.to_string(),
            file: file.clone().map(|(file, digest)| (file, Some(digest))),
            enabled: true,
            components: Vec::new(),
            broken: Vec::new(),
            off: Vec::new(),
            failed: None,
            refused: None,
            candidate: Some(candidate.clone()),
        }
    }

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
            refused: None,
            candidate: None,
        }
    }

    /// Its state.
    pub fn state(&self) -> State {
        let records = || {
            self.components
                .iter()
                .map(|running| running.component.record())
        };
        let process = self.process().map(|process| process.state());
        match () {
            () if self.failed.is_some() => State::Failed,
            () if !self.enabled => State::Disabled,
            () if matches!(process, Some(isolation::State::Failed { .. })) => State::Failed,
            () if self.components.is_empty() && !self.broken.is_empty() => State::Failed,
            () if records().any(|record| record.is_stuck()) => State::Stuck,
            () if !self.broken.is_empty() || self.refused.is_some() => State::Degraded,
            () if matches!(process, Some(isolation::State::Down { .. })) => State::Degraded,
            () if records().any(|record| record.failure.is_some()) => State::Degraded,
            () => State::Running,
        }
    }

    /// What is known of its process, where it has one of its own.
    pub fn process(&self) -> Option<&Arc<isolation::Status>> {
        self.candidate.as_ref().and_then(|own| own.home.process())
    }

    /// Whether it is made of this very code.
    pub(super) fn is_of(&self, candidate: &Candidate) -> bool {
        self.made_of(candidate).is_some()
    }

    /// The code that it is made of, if that is the same.
    pub(super) fn made_of(&self, same: &Candidate) -> Option<&Candidate> {
        let own = self.candidate.as_ref();
        own.filter(|own| own.is_same_code(same))
    }

    /// The code that it is made of, if that is a library.
    pub(super) fn of_a_library(&self) -> Option<&Candidate> {
        let own = self.candidate.as_ref();
        own.filter(|own| own.file.is_some())
    }

    /// The digest of its file.
    pub fn digest(&self) -> Option<&str> {
        self.file.as_ref().and_then(|(_, digest)| digest.as_deref())
    }

    /// What hangs of this candidate already.
    pub(super) fn hangs(&self, candidate: &Candidate, want: &Want) -> Option<&Broken> {
        let same = |broken: &&Broken| broken.want == *want && broken.ticket.is_overdue();
        let own = self.broken.iter().find(same);
        let refused = self.refused.as_ref();
        own.filter(|_| self.is_of(candidate))
            .or_else(|| refused.and_then(|refused| refused.hangs(candidate, want)))
    }

    /// What runs in the place of this one.
    pub(super) fn running(&self, want: &Want) -> Option<&Running> {
        let same = |running: &&Running| running.want.is_place_of(want);
        self.components.iter().find(same)
    }

    /// Whose and of what kind the components are that should run.
    fn wants(&self) -> impl Iterator<Item = (&Owner, Kind)> {
        let running = self.components.iter().map(|running| &running.want);
        let broken = self.broken.iter().map(|broken| &broken.want);
        running.chain(broken).map(|want| (&want.owner, want.kind))
    }
}
