//! The monitor: plugins, registry, health and exporters at work together.

mod capabilities;
mod checks;
mod events;
mod exports;
mod history;
mod pages;
mod records;
mod reload;
mod schedule;
mod services;
mod source;
mod state;
mod statistics;
mod tiles;
mod watch;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, Weak, mpsc},
    thread,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use tokio::{runtime::Handle, sync::Notify};

pub use capabilities::{Listening, Served};
pub use events::Event;
pub use pages::OpenPage;
pub use reload::ReloadError;
pub use source::{Source, StartError};

use self::{
    exports::Exports,
    history::History,
    pages::Pages,
    records::Records,
    reload::Reloads,
    services::{Inside, Recent},
    watch::Watch,
};
use crate::{
    config::{Config, Document, Problems},
    export::{self, Facts, Home},
    health::{Engine, OwnApi, check_name, own_checks},
    instruments::Instruments,
    loader::{self, Loader},
    plugin::{
        self, CallPool, Catalog, Component, Discovery, Kind, Launcher, Maker, PluginRow, Standing,
        State, discover,
    },
    registry::{self, Registry, Snapshot},
    task,
};

/// Threads for calls that do come back, beside those that may hang: many, since one that hangs counts
/// as working before its deadline. There are so many only while nothing else would begin.
const WORKING_THREADS: usize = 256;
/// The same for requests to endpoints, of which an answer may go on for long.
const REQUEST_THREADS: usize = 128;
/// How long the last changes of checks may take to be written.
const MOMENT: Duration = Duration::from_secs(1);

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
    records: Records,
    config: ArcSwap<Config>,
    state_folder: PathBuf,
    source: Source,
    launcher: Launcher,
    /// Wakes the schedule when what it looks at has changed.
    changed: Notify,
    started: Instant,
    reloads: Reloads,
    watch: Watch,
    /// Where it is reached, and its own API, which a check asks.
    listening: parking_lot::Mutex<Vec<Listening>>,
    api: parking_lot::Mutex<Option<OwnApi>>,
    /// Who is told of a configuration that was read again.
    followers: parking_lot::Mutex<Vec<Box<Follower>>>,
}

/// Takes on a configuration that was read again.
type Follower = dyn Fn(&Config) + Send + Sync;

/// What there is of plugins.
#[derive(Default)]
struct Found {
    found: Discovery,
    standing: Standing,
}

impl Monitor {
    /// Loads the plugins that the configuration names, checks the rest of it against what they
    /// know, and makes their components; those that are not made within `patience` come later.
    /// Blocks; runs the plugins' code.
    pub fn prepare(
        source: Source,
        document: &Document,
        instruments: Instruments,
        patience: Duration,
    ) -> Result<(Arc<Self>, Problems), StartError> {
        let state_folder = source.state_folder(document.config())?;
        let settings = loader::Settings::of(document.config(), state_folder.clone());
        let watch = Watch::new();
        watch.follow(&source.watched_folders(document.config()));
        let launcher = Launcher::new(Arc::new(Loader::new(settings)));
        let plugins = &document.config().plugins;
        let found = discover(&source.folders(document.config()), plugins, &launcher);
        tell(&found, &Standing::new());
        let (config, warnings) = document.settle(&plugin::known(&found, document.config()))?;
        let registry = Registry::new(
            registry::Limits {
                label_value_bytes: config.limits.max_label_length as usize,
                ..registry::Limits::default()
            },
            instruments.registry.clone(),
        );
        let health = Arc::new(Engine::new(instruments.health.clone()));
        let records = Records::open(&config, &instruments, &state_folder)?;
        let role = instruments.role.label();
        let home = Home {
            folder: state_folder.join("export").join(role),
            facts: Facts::of(role),
        };
        let monitor = Arc::new_cyclic(|monitor| Self {
            catalog: Catalog::new(maker(
                &config,
                &registry,
                &instruments,
                &health,
                &records,
                state_folder.clone(),
                monitor,
            )),
            exports: Exports::new(
                registry.clone(),
                Arc::clone(&health),
                instruments.exports.clone(),
                home,
            ),
            records: records.clone(),
            registry,
            instruments,
            health,
            pages: Pages::default(),
            history: Mutex::default(),
            config: ArcSwap::from_pointee(config),
            state_folder,
            source,
            launcher,
            changed: Notify::new(),
            started: Instant::now(),
            reloads: Reloads::default(),
            watch,
            listening: parking_lot::Mutex::default(),
            api: parking_lot::Mutex::default(),
            followers: parking_lot::Mutex::default(),
        });
        let standing = Standing::new();
        monitor.make(Found { found, standing }, patience);
        Ok((monitor, warnings))
    }

    /// Makes what was found on a thread of its own, and waits for that.
    fn make(self: &Arc<Self>, found: Found, patience: Duration) {
        let (sender, made) = mpsc::channel();
        let monitor = Arc::clone(self);
        let make = move || {
            monitor.apply(found);
            // Nobody waits any more if it took long.
            let _ = sender.send(());
        };
        match thread::Builder::new().name("make".to_owned()).spawn(make) {
            // Made or not, the start goes on.
            Ok(_) => drop(made.recv_timeout(patience)),
            Err(error) => tracing::error!(%error, "no thread to make plugins' components on"),
        }
    }

    /// Runs collectors and checks when it is time, unless `telemetry.enabled` is `false`, and
    /// reloads when plugin folders have changed; never ends.
    pub async fn run(self: Arc<Self>) {
        self.keep_health().await;
        if self.config().telemetry.enabled {
            tokio::join!(self.keep_schedule(), self.watch());
        } else {
            self.watch().await;
        }
    }

    /// Takes in what an earlier program has kept of checks, and keeps what comes.
    async fn keep_health(&self) {
        let health = Arc::clone(&self.health);
        let role = self.instruments.role.label();
        let folder = self.state_folder.join("health").join(role);
        let kept = task::spawn_blocking("history", move || health.keep_in(&folder));
        if let Err(error) = kept.await {
            tracing::error!(%error, "the history of checks is not kept");
        }
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
        self.catalog
            .plugins()
            .iter()
            .map(|plugin| PluginRow::of(plugin))
            .collect()
    }

    /// Everything that is measured, the state of plugins at this moment included.
    pub fn snapshot(&self) -> Snapshot {
        let mut by_name: BTreeMap<&str, State> = BTreeMap::new();
        let plugins = self.catalog.plugins();
        for plugin in plugins.iter() {
            // A library that was refused may bear the name of one that runs.
            let state = by_name.entry(&plugin.name).or_insert(State::Running);
            *state = (*state).max(plugin.state());
        }
        for (name, state) in by_name {
            self.instruments.plugins.set(name, state);
        }
        let processes = plugins
            .iter()
            .filter_map(|plugin| Some((plugin.name.as_str(), plugin.process()?)));
        self.instruments.processes.set(processes);
        let superseded = self.launcher.loader().superseded();
        self.instruments.plugins.set_superseded(superseded);
        self.registry.snapshot()
    }

    /// Whether every collector has delivered, or missed its first deadline.
    pub fn is_ready(&self) -> bool {
        let components = self.catalog.components();
        let mut collectors = components.iter().filter(|one| one.kind == Kind::Collector);
        self.catalog.is_settled() && collectors.all(|collector| collector.record().calls > 0)
    }

    /// Lets what runs on exporters and plugins end, until the deadline; removes what was written
    /// for this run only.
    pub async fn stop(&self, deadline: Instant) {
        let components = self.catalog.components();
        tokio::join!(
            self.exports.finish(deadline),
            schedule::stop(&components, deadline)
        );
        self.records.close(deadline).await;
        let health = Arc::clone(&self.health);
        let left = deadline.saturating_duration_since(Instant::now());
        let flushed = task::spawn_blocking("history", move || health.flush(left.min(MOMENT)));
        if flushed.await.is_err() {
            tracing::warn!("the last changes of checks may not be kept");
        }
        self.launcher.loader().remove_copies();
    }

    /// Makes of the plugins what the configuration in force wants; answers the components that are
    /// no longer wanted. Blocks.
    fn apply(&self, Found { found, standing }: Found) -> Vec<Arc<Component>> {
        let config = self.config();
        let plan = plugin::plan(&config, self.instruments.role, &found, &standing);
        drop(found);
        let gone = self.catalog.apply(&plan, || {
            self.expect_checks(&config);
            self.changed.notify_one();
        });
        drop(plan);
        let plugins = self.catalog.plugins();
        let is_used = |digest: &loader::Digest| {
            let digest = digest.to_hex();
            let mut used = plugins.iter().filter_map(|plugin| plugin.digest());
            used.any(|used| used == digest.as_str())
        };
        self.launcher.loader().set_used(is_used);
        gone
    }

    /// Tells the engine which checks there are, and which of them could not be made.
    fn expect_checks(&self, config: &Config) {
        let plugins = self.catalog.plugins();
        let running = plugins
            .iter()
            .flat_map(|plugin| &plugin.components)
            .map(|one| &one.want);
        let broken = || plugins.iter().flat_map(|plugin| &plugin.broken);
        let wanted = running.chain(broken().map(|broken| &broken.want));
        let (checks, exporters): (Vec<_>, Vec<_>) =
            wanted.partition(|want| want.kind != Kind::Exporter);
        let exporters = exporters.iter().map(|want| export::check_name(&want.owner));
        let names = checks
            .into_iter()
            .filter(|want| want.kind == Kind::HealthCheck)
            .map(|want| check_name(&want.owner))
            .chain(exporters)
            .chain(
                own_checks(self.instruments.role)
                    .iter()
                    .map(|name| (*name).to_owned()),
            );
        let planned = names.map(|name| {
            let check = config.health.check(&name);
            (name, check)
        });
        let enabled = planned.filter(|(_, check)| check.enabled);
        self.health.expect(enabled, &config.health.silences);
        for broken in broken().filter(|broken| broken.want.kind == Kind::HealthCheck) {
            let failure = Err(broken.failure.clone());
            self.health
                .take(&check_name(&broken.want.owner), failure, Duration::ZERO);
        }
    }
}

fn maker(
    config: &Config,
    registry: &Registry,
    instruments: &Instruments,
    health: &Arc<Engine>,
    records: &Records,
    state_folder: PathBuf,
    monitor: &Weak<Monitor>,
) -> Maker {
    let stuck = config.limits.max_stuck_threads as usize;
    Maker {
        registry: registry.clone(),
        instruments: instruments.clone(),
        services: Arc::new(Inside {
            role: instruments.role,
            registry: registry.clone(),
            health: Arc::clone(health),
            recent: Recent::default(),
            records: records.clone(),
            // Plugins ask on threads of their own, where there is none.
            runtime: Handle::try_current().ok(),
            monitor: Weak::clone(monitor),
        }),
        calls: CallPool::new(WORKING_THREADS, stuck),
        requests: CallPool::without_waiting(REQUEST_THREADS, stuck),
        state_folder,
    }
}

/// One line for each thing that people should know of what was found.
fn tell(found: &Discovery, standing: &Standing) {
    for note in &found.notes {
        tracing::info!("{note}");
    }
    for candidate in &found.candidates {
        let manifest = &candidate.manifest;
        let (plugin, version) = (&manifest.name, &manifest.version);
        if let Some(failed) = standing.get(plugin.as_str()) {
            let (reason, remedy) = (&failed.reason, &failed.remedy);
            tracing::error!(%plugin, reason, remedy, "version {version} runs on, since another library is refused: {}", failed.error);
        } else if let Some((file, _)) = &candidate.file {
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
