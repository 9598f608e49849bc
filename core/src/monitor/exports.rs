//! The exporters at work.

use std::{sync::Arc, time::Instant};

use gaxx_abi::Attribute;
use tokio::sync::Mutex;

use crate::{
    build,
    export::{self, Worker},
    instruments,
    plugin::{Catalog, Component, Kind},
    registry::{Owner, Registry},
    task,
};

/// The exporters at work.
pub(super) struct Exports {
    registry: Registry,
    metrics: instruments::Exports,
    resource: Arc<[Attribute]>,
    workers: Mutex<Vec<Worker>>,
}

impl Exports {
    pub(super) fn new(registry: Registry, metrics: instruments::Exports) -> Self {
        Self {
            registry,
            metrics,
            resource: resource(),
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
            self.metrics.forget(&name(&worker.component.owner));
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
                    self.registry.clone(),
                    Arc::clone(&self.resource),
                    running.want.queue,
                    self.metrics.of(&name(&component.owner)),
                ));
            }
        }
    }

    /// Finishes all, side by side.
    pub(super) async fn finish(&self, deadline: Instant) {
        let workers = std::mem::take(&mut *self.workers.lock().await);
        let finishing = workers.into_iter().map(|worker| worker.finish(deadline));
        futures_util::future::join_all(finishing).await;
    }
}

/// The name of an exporter's section in the configuration.
fn name(owner: &Owner) -> String {
    if owner.instance.is_empty() {
        owner.component.clone()
    } else {
        owner.instance.clone()
    }
}

/// What is true of all that is sent, by the names of OpenTelemetry's semantic conventions.
fn resource() -> Arc<[Attribute]> {
    let attribute = |name: &str, value: &str| Attribute {
        name: name.into(),
        value: value.into(),
    };
    let host = rustix::system::uname();
    Arc::new([
        attribute("service.name", "gaxx-mon"),
        attribute("service.version", build::VERSION),
        attribute("host.name", &host.nodename().to_string_lossy()),
    ])
}
