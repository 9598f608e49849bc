//! The state of plugins.

use prometheus::{Counter, CounterVec, Gauge, GaugeVec, Registry};

use super::{named, register};
use crate::{loader::Superseded, plugin::State};

/// The state of plugins.
#[derive(Debug, Clone)]
pub struct Plugins {
    state: GaugeVec,
    refused: CounterVec,
    taken_over: Counter,
    swap_refused: Counter,
    superseded: Gauge,
    superseded_bytes: Gauge,
}

impl Plugins {
    pub(super) fn new(registry: &Registry) -> Self {
        let state = named("gaxx_plugin_state", "1 for the state that a plugin is in.");
        let refused = named(
            "gaxx_plugin_load_refused_total",
            "Libraries that were not loaded, by reason.",
        );
        let swaps = named(
            "gaxx_plugin_swaps_total",
            "New versions and settings of running plugins, by whether they took over.",
        );
        let swaps = register(registry, CounterVec::new(swaps, &["outcome"]));
        let superseded = named(
            "gaxx_plugin_superseded_libraries",
            "Libraries that were loaded and are not used any more; they stay until a restart.",
        );
        let bytes = named(
            "gaxx_plugin_superseded_bytes",
            "The size of libraries that were loaded and are not used any more.",
        );
        Self {
            taken_over: swaps.with_label_values(&["taken_over"]),
            swap_refused: swaps.with_label_values(&["refused"]),
            superseded: register(registry, Gauge::with_opts(superseded)),
            superseded_bytes: register(registry, Gauge::with_opts(bytes)),
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

    /// A new version, or new settings, of a running plugin took over, or were refused.
    pub fn swapped(&self, taken_over: bool) {
        if taken_over {
            self.taken_over.inc();
        } else {
            self.swap_refused.inc();
        }
    }

    /// Sets how many libraries are loaded and not used any more.
    pub fn set_superseded(&self, superseded: Superseded) {
        self.superseded.set(superseded.libraries as f64);
        self.superseded_bytes.set(superseded.bytes as f64);
    }
}
