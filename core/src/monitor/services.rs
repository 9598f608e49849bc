//! What the monitor gives to plugins.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use gaxx_abi::{Fault, abi_std::RVec, fault, host::process as ask};
use parking_lot::Mutex;
use tokio::runtime::Handle;

use super::{Monitor, records::Records};
use crate::{
    health::Engine,
    plugin::Services,
    process,
    profile::{Own, ProfileError, Subject},
    registry::{Owner, Registry, Selection, Selector, SelectorError, Snapshot, json},
    role::Role,
};

/// How old what is selected from may be.
const FRESH: Duration = Duration::from_secs(1);

/// What the monitor gives to plugins.
pub(super) struct Inside {
    pub(super) role: Role,
    pub(super) registry: Registry,
    pub(super) health: Arc<Engine>,
    pub(super) recent: Recent,
    pub(super) records: Records,
    /// What runs the program's tasks; nothing in commands that run none.
    pub(super) runtime: Option<Handle>,
    /// Whose they are; gone when the program ends.
    pub(super) monitor: Weak<Monitor>,
}

/// The last snapshot that was selected from: checks that run at the same time share one.
#[derive(Default)]
pub(super) struct Recent(Mutex<Option<(Instant, Arc<Snapshot>)>>);

impl Recent {
    fn snapshot(&self, registry: &Registry) -> Arc<Snapshot> {
        let mut recent = self.0.lock();
        match &*recent {
            Some((taken, snapshot)) if taken.elapsed() < FRESH => Arc::clone(snapshot),
            _ => {
                let snapshot = Arc::new(registry.snapshot());
                *recent = Some((Instant::now(), Arc::clone(&snapshot)));
                snapshot
            }
        }
    }
}

fn unreadable(error: &SelectorError) -> Fault {
    Fault {
        kind: fault::kind::PERMANENT,
        message: error.to_string().into(),
        remedy: "".into(),
        retry_after: 0,
        attributes: RVec::new(),
    }
}

impl Services for Inside {
    fn role(&self) -> Role {
        self.role
    }

    fn metrics(&self) -> String {
        let encoded = json::encode(&self.registry.snapshot().select(&Selection::All));
        String::from_utf8(encoded).unwrap_or_else(|_| "[]".to_owned())
    }

    fn health(&self) -> String {
        serde_json::to_string(&self.health.report()).unwrap_or_else(|_| "{}".to_owned())
    }

    fn select(&self, selector: &str) -> Result<Vec<u8>, Fault> {
        let selector = Selector::parse(selector).map_err(|error| unreadable(&error))?;
        let rows = selector.take(&self.recent.snapshot(&self.registry));
        // Texts and numbers always serialise.
        Ok(serde_json::to_vec(&rows).unwrap_or_else(|_| b"[]".to_vec()))
    }

    fn process(&self, what: u32) -> Result<Vec<u8>, Fault> {
        match (what, self.monitor.upgrade()) {
            (ask::CAPABILITIES, Some(monitor)) => Ok(monitor.capabilities().into_bytes()),
            (ask::STATISTICS, Some(monitor)) => Ok(monitor.statistics(self.runtime.as_ref())),
            (ask::HEAP, _) => Ok(Box::new(Own).heap(Duration::MAX)?),
            _ => process::answer(what),
        }
    }

    fn profiled(&self, plugin: &str) -> Result<Box<dyn Subject>, ProfileError> {
        if plugin.is_empty() {
            return Ok(Box::new(Own));
        }
        let monitor = self.monitor.upgrade().ok_or(ProfileError::Stopped)?;
        monitor.catalog.profiled(plugin)
    }

    fn audit(&self, component: &Owner, record: &str, deadline: u64) -> Result<(), Fault> {
        self.records.append(component, record, deadline)
    }
}
