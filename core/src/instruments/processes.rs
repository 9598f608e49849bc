//! The processes of plugins.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use prometheus::{CounterVec, GaugeVec, Registry};

use super::{named, register};
use crate::isolation::{Cause, Status};

/// The processes of plugins.
#[derive(Debug, Clone)]
pub struct Processes {
    up: GaugeVec,
    resident: GaugeVec,
    restarts: CounterVec,
    seen: Arc<Mutex<BTreeMap<String, Seen>>>,
}

/// What was counted of a plugin already: a new version of it begins at zero.
#[derive(Debug)]
struct Seen {
    status: Weak<Status>,
    restarts: [u64; Cause::ALL.len()],
}

impl Processes {
    pub(super) fn new(registry: &Registry) -> Self {
        let up = named(
            "gaxx_plugin_process_up",
            "1 where the process of a plugin is there, 0 where it has ended and waits to be started again.",
        );
        let resident = named(
            "gaxx_plugin_process_resident_memory_bytes",
            "Resident memory of a plugin's process, with what it shares with others.",
        );
        let restarts = named(
            "gaxx_plugin_process_restarts_total",
            "Starts of a plugin's process after it had ended, by why it had.",
        );
        Self {
            up: register(registry, GaugeVec::new(up, &["plugin"])),
            resident: register(registry, GaugeVec::new(resident, &["plugin"])),
            restarts: register(registry, CounterVec::new(restarts, &["plugin", "reason"])),
            seen: Arc::default(),
        }
    }

    /// Sets how it is with all of them. What is not among them is gone.
    pub fn set<'a>(&self, all: impl Iterator<Item = (&'a str, &'a Arc<Status>)>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *seen);
        for (plugin, status) in all {
            let known = before.remove(plugin);
            seen.insert(plugin.to_owned(), self.follow(plugin, status, known));
        }
        for plugin in before.keys() {
            self.forget(plugin);
        }
    }

    fn follow(&self, plugin: &str, status: &Arc<Status>, known: Option<Seen>) -> Seen {
        let is_up = f64::from(u8::from(status.pid().is_some()));
        self.up.with_label_values(&[plugin]).set(is_up);
        let resident = status.resident().unwrap_or(0.0);
        self.resident.with_label_values(&[plugin]).set(resident);
        let of_this =
            known.filter(|known| std::ptr::eq(known.status.as_ptr(), &raw const **status));
        let mut restarts = of_this.map_or([0; Cause::ALL.len()], |known| known.restarts);
        for ((cause, count), counted) in status.restarts_by_cause().zip(&mut restarts) {
            let counter = self.restarts.with_label_values(&[plugin, cause.label()]);
            counter.inc_by(count.saturating_sub(*counted) as f64);
            *counted = count;
        }
        Seen {
            status: Arc::downgrade(status),
            restarts,
        }
    }

    fn forget(&self, plugin: &str) {
        // What is not there is forgotten already.
        let _ = self.up.remove_label_values(&[plugin]);
        let _ = self.resident.remove_label_values(&[plugin]);
        for cause in Cause::ALL {
            let _ = self.restarts.remove_label_values(&[plugin, cause.label()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_is_gone_is_forgotten() {
        let registry = Registry::new();
        let processes = Processes::new(&registry);
        let status = Arc::<Status>::default();
        processes.set(std::iter::once(("one", &status)));
        let families = registry.gather();
        let series: usize = families
            .iter()
            .map(|family| family.get_metric().len())
            .sum();
        assert_eq!(series, 2 + Cause::ALL.len());
        assert!(
            families
                .iter()
                .any(|family| family.name() == "gaxx_plugin_process_up")
        );
        processes.set(std::iter::empty());
        assert!(registry.gather().is_empty());
    }
}
