//! What the monitor gives to plugins.

use std::sync::{Arc, Weak};

use gaxx_abi::{Fault, host::process as ask};

use super::{Monitor, records::Records};
use crate::{
    health::Engine,
    plugin::Services,
    process,
    profile::Profiler,
    registry::{Owner, Registry, Selection, json},
    role::Role,
};

/// What the monitor gives to plugins.
pub(super) struct Inside {
    pub(super) role: Role,
    pub(super) registry: Registry,
    pub(super) health: Arc<Engine>,
    pub(super) records: Records,
    pub(super) profiler: Profiler,
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
        match self.monitor.upgrade() {
            Some(monitor) if what == ask::CAPABILITIES => Ok(monitor.capabilities().into_bytes()),
            _ => process::answer(what),
        }
    }

    fn profile(&self, component: &Owner, order: &str, deadline: u64) -> Result<Vec<u8>, Fault> {
        self.profiler.carry_out(component, order, deadline)
    }

    fn audit(&self, component: &Owner, record: &str, deadline: u64) -> Result<(), Fault> {
        self.records.append(component, record, deadline)
    }
}
