//! What plugins cost.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Plugin;
use crate::process::own::{self, usage_of};

/// What an instance of a plugin costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Usage {
    plugin: String,
    /// Empty for the only one.
    instance: String,
    /// As in `/api/plugins`.
    state: &'static str,
    /// The process it runs in, which all instances share; `null` where it runs in the program.
    process_id: Option<u32>,
    /// Calls that ended or passed their deadline.
    calls: u64,
    /// Those that failed.
    failures: u64,
    /// How long all calls took.
    call_seconds: f64,
    /// What that process has in memory.
    resident_bytes: Option<u64>,
    /// What that process has used of the CPU.
    cpu_seconds: Option<f64>,
}

impl Usage {
    /// What each instance of a plugin costs; one row also for a plugin without components.
    pub fn of(plugin: &Plugin) -> Vec<Self> {
        let process_id = plugin.process().and_then(|process| process.pid());
        let process = process_id.and_then(usage_of);
        let running = plugin.components.iter().map(|running| &running.want);
        let broken = plugin.broken.iter().map(|broken| &broken.want);
        let instances = running.chain(broken).map(|want| &want.owner.instance);
        let mut instances: BTreeSet<&str> = instances.map(String::as_str).collect();
        if instances.is_empty() {
            instances.insert("");
        }
        let instances = instances.into_iter();
        instances
            .map(|instance| Self::of_part(&plugin.part(instance), instance, process_id, process))
            .collect()
    }

    fn of_part(
        part: &Plugin,
        instance: &str,
        process_id: Option<u32>,
        process: Option<own::Usage>,
    ) -> Self {
        let mut usage = Self {
            plugin: part.name.clone(),
            instance: instance.to_owned(),
            state: part.state().label(),
            process_id,
            calls: 0,
            failures: 0,
            call_seconds: 0.0,
            resident_bytes: process.map(|process| process.resident_bytes),
            cpu_seconds: process.map(|process| process.cpu_seconds),
        };
        for running in &part.components {
            let record = running.component.record();
            usage.calls += record.calls;
            usage.failures += record.failures;
            usage.call_seconds += record.total.as_secs_f64();
        }
        usage
    }
}

impl Plugin {
    /// The plugin with what belongs to one of its instances alone.
    fn part(&self, instance: &str) -> Self {
        let mut part = self.clone();
        part.components
            .retain(|running| running.want.owner.instance == instance);
        part.broken
            .retain(|broken| broken.want.owner.instance == instance);
        part
    }
}
