//! Plugins at work: found, made, called, watched, replaced.
//!
//! ```text
//! discover ── candidates ── plan (config) ── Catalog ── Component ── CallPool ── plugin code
//!  built-ins, folders         sections         rows       at most      threads
//!                                                         one call
//! ```

mod catalog;
pub mod collecting;
mod component;
mod discover;
mod handover;
mod host;
mod launch;
mod log_budget;
mod make;
mod object;
mod origin;
mod part;
mod plan;
mod planned;
mod pool;
mod profiled;
pub mod record;
mod refused;
mod requests;
mod round;
mod row;
mod schema;
mod standing;
pub(crate) mod text;
mod timing;
mod trial;
mod usage;

pub use catalog::{Broken, Catalog, Plugin, Running, State};
pub use component::{Begun, Component};
pub use discover::{Candidate, Discovery, Failed, discover};
pub use handover::MAX_STATE;
pub use host::{CoreHost, Services};
pub use launch::{Home, Launcher};
pub use make::Maker;
pub use object::{Kind, Object};
pub use origin::Origin;
pub use plan::{Plan, Want, plan};
pub use pool::{CallPool, Ticket};
pub use refused::Refused;
pub use requests::Place;
pub use row::{ComponentRow, PluginRow};
pub use schema::known;
pub use standing::Standing;
pub use timing::Timing;
pub use usage::Usage;

pub(crate) use timing::nanos;

#[cfg(test)]
mod tests;
