//! Metrics as handles: cheap to clone, usable from any thread, read by the host after each call.
//!
//! A handle is an atomic number; the host learns names and labels once, when it is registered.

mod counter;
mod distribution;
mod dynamic;
mod family;
mod gauge;
mod histogram;
mod kept;
mod store;

pub use counter::Counter;
pub use distribution::Distribution;
pub use dynamic::DynamicFamily;
pub use family::{Family, Metric};
pub use gauge::Gauge;
pub use histogram::{Histogram, exponential_bounds};

pub(crate) use family::register_family;
pub(crate) use kept::{decode, encode};
pub(crate) use store::{Cell, Store};
