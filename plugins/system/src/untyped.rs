//! What `node_exporter` gives without a type.

use gaxx_sdk::prelude::*;

/// A number of the kernel's that `node_exporter` leaves untyped. Here it has the type that it is:
/// queries do not see the difference, and exporters to other systems need it.
#[derive(Debug, Clone)]
pub(crate) enum Untyped {
    /// It only grows.
    Total(Family<Counter, 0>),
    /// It goes up and down.
    State(Gauge),
}

impl Untyped {
    pub(crate) fn register(
        context: &Context,
        is_state: bool,
        name: &str,
        help: &str,
    ) -> Result<Self> {
        Ok(if is_state {
            Self::State(context.gauge(name, help)?)
        } else {
            // A family, since a plain counter would be there at zero before it is set.
            Self::Total(context.counters(name, help, [])?)
        })
    }

    pub(crate) fn set(&self, value: f64) {
        match self {
            Self::Total(counter) => counter.with([]).set_total(value),
            Self::State(gauge) => gauge.set(value),
        }
    }
}
