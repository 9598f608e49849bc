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
mod host;
mod log_budget;
mod make;
mod plan;
mod pool;
pub mod record;
mod row;
mod schema;
mod timing;

pub use catalog::{Catalog, Plugin, Running, State};
pub use component::{Begun, Component, Kind, Object};
pub use discover::{Candidate, Discovery, Failed, discover};
pub use host::{CoreHost, Services};
pub use make::Maker;
pub use plan::{Plan, Want, plan};
pub use pool::CallPool;
pub use row::{ComponentRow, PluginRow};
pub use schema::known;
pub use timing::Timing;

pub(crate) use timing::nanos;
