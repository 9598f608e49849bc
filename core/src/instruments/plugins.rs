//! The state of plugins.

use prometheus::{CounterVec, GaugeVec, Registry};

use super::{named, register};
use crate::plugin::State;

/// The state of plugins.
#[derive(Debug, Clone)]
pub struct Plugins {
    state: GaugeVec,
    refused: CounterVec,
}

impl Plugins {
    pub(super) fn new(registry: &Registry) -> Self {
        let state = named("gaxx_plugin_state", "1 for the state that a plugin is in.");
        let refused = named(
            "gaxx_plugin_load_refused_total",
            "Libraries that were not loaded, by reason.",
        );
        Self {
            state: register(registry, GaugeVec::new(state, &["plugin", "state"])),
            refused: register(registry, CounterVec::new(refused, &["reason"])),
        }
    }

    /// Sets the state of a plugin.
    pub fn set(&self, plugin: &str, state: State) {
        for other in State::ALL {
            let value = f64::from(u8::from(other == state));
            self.state
                .with_label_values(&[plugin, other.label()])
                .set(value);
        }
    }

    /// Forgets a plugin that is gone.
    pub fn forget(&self, plugin: &str) {
        for state in State::ALL {
            // What is not there is forgotten already.
            let _ = self.state.remove_label_values(&[plugin, state.label()]);
        }
    }

    /// A library was not loaded.
    pub fn refused(&self, reason: &str) {
        self.refused.with_label_values(&[reason]).inc();
    }
}
