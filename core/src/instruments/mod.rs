//! What gaxx-mon measures of itself.
//!
//! Every label comes from a closed set or from the configuration, never from a caller's text.

mod audit;
mod components;
mod exports;
mod health;
mod listeners;
mod plugins;
mod process;
mod processes;
mod seed;
#[cfg(test)]
mod tests;

pub use audit::Audit;
pub use components::{ComponentMetrics, Components, HelperMetrics};
pub use exports::{ExporterMetrics, Exports, Loss};
pub use health::Health;
pub use listeners::{ListenerMetrics, Listeners};
pub use plugins::Plugins;
pub use processes::Processes;
pub use seed::{AgentSeed, MainSeed, RoleSeed, Seed};

use prometheus::{Opts, Registry, core::Collector};

use crate::role::Role;

/// All instruments, in a registry of the `prometheus` crate.
#[derive(Debug, Clone)]
pub struct Instruments {
    /// Whose they are.
    pub role: Role,
    /// Where they are gathered from.
    pub registry: Registry,
    /// The names that the first program had.
    pub seed: Seed,
    /// Calls of components.
    pub components: Components,
    /// The state of plugins.
    pub plugins: Plugins,
    /// The processes of plugins.
    pub processes: Processes,
    /// The results of health checks.
    pub health: Health,
    /// Exporters and their queues.
    pub exports: Exports,
    /// HTTP.
    pub listeners: Listeners,
    /// The audit log, which only an agent has.
    pub audit: Option<Audit>,
}

impl Instruments {
    /// Instruments at zero, of a program that is run as `role`.
    pub fn new(role: Role) -> Self {
        let registry = Registry::new();
        let own = Self {
            role,
            seed: Seed::new(&registry, role),
            components: Components::new(&registry),
            plugins: Plugins::new(&registry),
            processes: Processes::new(&registry),
            health: Health::new(&registry),
            exports: Exports::new(&registry),
            listeners: Listeners::new(&registry),
            audit: (role == Role::Agent).then(|| Audit::new(&registry)),
            registry,
        };
        process::register(&own.registry, role);
        own
    }
}

/// Makes an instrument and registers it.
///
/// # Panics
///
/// Where a name is wrong or taken: names are fixed in the code, so the first test finds it.
fn register<T: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<T>) -> T {
    let instrument = made.expect("the instrument's name and labels are valid");
    registry
        .register(Box::new(instrument.clone()))
        .expect("the instrument's name is its own");
    instrument
}

fn named(name: &str, help: &str) -> Opts {
    Opts::new(name, help)
}
