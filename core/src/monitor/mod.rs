//! The monitor: plugins, registry, health and exporters at work together.

mod checks;
mod events;
mod exports;
mod history;
mod pages;
mod reload;
mod schedule;
mod services;
mod source;
mod state;
mod tiles;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

pub use events::Event;
pub use pages::OpenPage;
pub use reload::ReloadError;
pub use source::{Source, StartError};

use self::{exports::Exports, history::History, pages::Pages, services::Inside};
use crate::{
    config::{Config, Document, Problems},
    health::{Engine, OWN_CHECKS, Rules, check_name},
    instruments::Instruments,
    loader::{self, Loader},
    plugin::{self, CallPool, Catalog, Component, Discovery, Kind, Maker, PluginRow, State, discover},
    registry::{self, Registry, Snapshot},
};

/// Threads for calls that do come back, beside those that may hang.
const WORKING_THREADS: usize = 32;

/// Plugins, registry, health and exporters at work together.
pub struct Monitor {
    /// Everything that is measured.
    pub registry: Registry,
    /// What is measured of the program itself.
    pub instruments: Instruments,
    /// What checks say.
    pub health: Arc<Engine>,
    /// The plugins.
    pub catalog: Catalog,
    pages: Pages,
    history: Mutex<History>,
    exports: Exports,
    config: ArcSwap<Config>,
    source: Source,
    loader: Arc<Loader>,
    /// Wakes the schedule when what it looks at has changed.
    changed: Notify,
    started: Instant,
    /// One reload at a time.
    reloading: tokio::sync::Mutex<()>,
}

impl Monitor {
    /// Loads the plugins that the configuration names, checks the rest of it against what they
    /// know, and makes their components. Blocks; runs the plugins' code.
    pub fn prepare(
        source: Source,
        document: &Document,
        instruments: Instruments,
    ) -> Result<(Arc<Self>, Problems), StartError> {
        let state_folder = source.state_folder(document.config())?;
        let limits = &document.config().limits;
        let loader = Arc::new(Loader::new(loader::Settings {
            max_file_size: limits.max_library_size.bytes(),
            max_loaded_size: limits.max_loaded_size.bytes(),
            ..loader::Settings::new(state_folder.clone())
        }));
        let found = discover(&source.folders(document.config()), &loader);
        tell(&found);
        let (config, warnings) = document.settle(&plugin::known(&found, document.config()))?;
        let registry = Registry::new(
            registry::Limits {
                label_value_bytes: config.limits.max_label_length as usize,
                ..registry::Limits::default()
            },
            instruments.registry.clone(),
        );
        let health = Arc::new(Engine::new(instruments.health.clone()));
        let maker = maker(&config, &registry, &instruments, &health, state_folder);
        let monitor = Arc::new(Self {
            catalog: Catalog::new(maker),
            exports: Exports::new(registry.clone(), instruments.exports.clone()),
            registry,
            instruments,
            health,
            pages: Pages::default(),
            history: Mutex::default(),
            config: ArcSwap::from_pointee(config),
            source,
            loader,
            changed: Notify::new(),
            started: Instant::now(),
            reloading: tokio::sync::Mutex::new(()),
        });
        monitor.apply(&found);
        Ok((monitor, warnings))
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// How long it has been up.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Plugins as people see them.
    pub fn rows(&self) -> Vec<PluginRow> {
        self.catalog.plugins().iter().map(|plugin| PluginRow::of(plugin)).collect()
    }

    /// Everything that is measured, the state of plugins at this moment included.
    pub fn snapshot(&self) -> Snapshot {
        let mut states: BTreeMap<&str, State> = BTreeMap::new();
        let plugins = self.catalog.plugins();
        for plugin in plugins.iter() {
            // A library that was refused may bear the name of one that runs.
            let state = states.entry(&plugin.name).or_insert(State::Running);
            *state = (*state).max(plugin.state());
        }
        for (name, state) in states {
            self.instruments.plugins.set(name, state);
        }
        self.registry.snapshot()
    }

    /// Whether every collector has delivered, or missed its first deadline.
    pub fn is_ready(&self) -> bool {
        let components = self.catalog.components();
        let mut collectors = components.iter().filter(|one| one.kind == Kind::Collector);
        collectors.all(|collector| collector.record().calls > 0)
    }

    /// Lets what runs on exporters and plugins end, until the deadline; removes what was written
    /// for this run only.
    pub async fn stop(&self, deadline: Instant) {
        self.exports.finish(deadline).await;
        let components = self.catalog.components();
        schedule::stop(&components, deadline).await;
        self.loader.remove_copies();
    }

    /// Makes of the plugins what the configuration in force wants; answers the components that are
    /// no longer wanted. Blocks.
    fn apply(&self, found: &Discovery) -> Vec<Arc<Component>> {
        let config = self.config();
        let gone = self.catalog.apply(&plugin::plan(&config, found));
        let components = self.catalog.components();
        let checks = components.iter().filter(|component| component.kind == Kind::HealthCheck);
        let names = checks.map(|check| check_name(&check.owner));
        let own = OWN_CHECKS.into_iter().map(str::to_owned);
        self.health.expect(names.chain(own).filter_map(|name| {
            let check = config.health.check(&name);
            check.enabled.then_some((name, Rules { rise: check.rise, fall: check.fall }))
        }));
        self.changed.notify_one();
        gone
    }
}

fn maker(
    config: &Config,
    registry: &Registry,
    instruments: &Instruments,
    health: &Arc<Engine>,
    state_folder: PathBuf,
) -> Maker {
    let stuck = config.limits.max_stuck_threads as usize;
    Maker {
        registry: registry.clone(),
        instruments: instruments.clone(),
        services: Arc::new(Inside {
            role: instruments.role,
            registry: registry.clone(),
            health: Arc::clone(health),
        }),
        pool: CallPool::new(stuck + WORKING_THREADS),
        requests: CallPool::new(stuck + WORKING_THREADS),
        state_folder,
    }
}

/// One line for each thing that people should know of what was found.
fn tell(found: &Discovery) {
    for note in &found.notes {
        tracing::info!("{note}");
    }
    for candidate in &found.candidates {
        let manifest = &candidate.manifest;
        let (plugin, version) = (&manifest.name, &manifest.version);
        if let Some((file, _)) = &candidate.file {
            tracing::info!(%plugin, %version, file = %file.display(), "loaded");
        } else {
            tracing::debug!(%plugin, %version, "built in");
        }
    }
    for failed in &found.failed {
        tracing::error!(
            plugin = failed.name,
            reason = failed.reason,
            remedy = failed.remedy,
            "not loaded: {}",
            failed.error
        );
    }
}
