//! The exporters at work.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use gaxx_abi::Attribute;
use tokio::sync::Mutex;

use super::Monitor;
use crate::{
    build,
    config::Health,
    export::{self, Home, Sent, Worker},
    health::Engine,
    instruments,
    plugin::{
        Catalog, Component, Kind, Running,
        record::{Failure, Reason},
    },
    registry::Registry,
    task,
};

/// The exporters at work.
pub(super) struct Exports {
    registry: Registry,
    health: Arc<Engine>,
    metrics: instruments::Exports,
    resource: Arc<[Attribute]>,
    home: Home,
    workers: Mutex<Vec<Worker>>,
}

impl Exports {
    pub(super) fn new(
        registry: Registry,
        health: Arc<Engine>,
        metrics: instruments::Exports,
        home: Home,
    ) -> Self {
        Self {
            registry,
            health,
            metrics,
            resource: resource(&home),
            home,
            workers: Mutex::default(),
        }
    }

    /// Starts what is new and finishes what is gone.
    pub(super) async fn follow(&self, catalog: &Catalog, deadline: Instant) {
        let mut workers = self.workers.lock().await;
        let plugins = catalog.plugins();
        let running = || plugins.iter().flat_map(|plugin| &plugin.components);
        let runs = |component: &Arc<Component>| {
            running().any(|running| Arc::ptr_eq(&running.component, component))
        };
        let (stay, gone): (Vec<_>, Vec<_>) = workers
            .drain(..)
            .partition(|worker| runs(&worker.component));
        *workers = stay;
        for worker in gone {
            self.metrics.forget(export::name(&worker.component.owner));
            // One that hangs must not keep the others waiting.
            task::spawn("last export", worker.finish(deadline));
        }
        for running in running().filter(|running| running.component.kind == Kind::Exporter) {
            let component = &running.component;
            if !workers
                .iter()
                .any(|worker| Arc::ptr_eq(&worker.component, component))
            {
                workers.push(export::start(
                    Arc::clone(component),
                    (&self.registry, &self.health),
                    Arc::clone(&self.resource),
                    &running.want.sending,
                    &self.home,
                    self.metrics.of(export::name(&component.owner)),
                ));
            }
        }
    }

    /// The checks whether they deliver.
    pub(super) async fn checks(&self) -> Vec<String> {
        let workers = self.workers.lock().await;
        let names = workers
            .iter()
            .map(|worker| export::check_name(&worker.component.owner));
        names.collect()
    }

    /// Tells the engine how one of them does.
    pub(super) async fn check(&self, name: &str, health: &Engine, config: &Health) {
        let workers = self.workers.lock().await;
        let worker = workers
            .iter()
            .find(|worker| export::check_name(&worker.component.owner) == name);
        if let Some(worker) = worker {
            let began = Instant::now();
            let verdict = worker
                .condition()
                .verdict(SystemTime::now(), &config.export);
            health.take(name, Ok(verdict), began.elapsed());
        }
    }

    /// Finishes all, side by side.
    pub(super) async fn finish(&self, deadline: Instant) {
        let workers = std::mem::take(&mut *self.workers.lock().await);
        let finishing = workers.into_iter().map(|worker| worker.finish(deadline));
        futures_util::future::join_all(finishing).await;
    }
}

impl Monitor {
    /// Sends what is measured at this moment by the exporter of this name.
    ///
    /// # Errors
    ///
    /// Why it was not delivered.
    pub async fn export_once(&self, name: &str) -> Result<Sent, Failure> {
        let plugins = self.catalog.plugins();
        let mut running = plugins.iter().flat_map(|plugin| &plugin.components);
        let found = running.find(|running| {
            let component = &running.component;
            component.kind == Kind::Exporter && export::name(&component.owner) == name
        });
        let Some(Running { component, want }) = found else {
            let message = format!("there is no exporter {name}");
            return Err(Failure::new(Reason::Error, message, ""));
        };
        let Exports {
            registry,
            health,
            resource,
            home,
            ..
        } = &self.exports;
        let sources = (registry, health);
        export::once(component, sources, resource, &want.sending, home).await
    }
}

/// What is true of all that is sent, by the names of OpenTelemetry's semantic conventions.
fn resource(home: &Home) -> Arc<[Attribute]> {
    let attribute = |name: &str, value: &str| Attribute {
        name: name.into(),
        value: value.into(),
    };
    let facts = &home.facts;
    let instance = format!("{}/{}", facts.host, facts.role);
    let known = [
        ("service.name", "gaxx-mon"),
        ("service.version", build::VERSION),
        ("service.instance.id", &instance),
        ("host.name", &facts.host),
        ("host.id", &facts.machine_id),
        ("os.type", "linux"),
    ];
    // A machine may have no number.
    let known = known.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| attribute(name, value)).collect()
}
