//! What the monitor gives to plugins.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use gaxx_abi::{Fault, host::process as ask};
use tokio::runtime::Handle;

use super::{Monitor, records::Records};
use crate::{
    health::Engine,
    plugin::Services,
    process,
    profile::{Own, ProfileError, Subject},
    registry::{Owner, Registry, Selection, json},
    role::Role,
};

/// What the monitor gives to plugins.
pub(super) struct Inside {
    pub(super) role: Role,
    pub(super) registry: Registry,
    pub(super) health: Arc<Engine>,
    pub(super) records: Records,
    /// What runs the program's tasks; nothing in commands that run none.
    pub(super) runtime: Option<Handle>,
    /// Whose they are; gone when the program ends.
    pub(super) monitor: Weak<Monitor>,
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
