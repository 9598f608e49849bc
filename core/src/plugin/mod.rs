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
mod object;
mod plan;
mod pool;
pub mod record;
mod requests;
mod round;
mod row;
mod schema;
pub(crate) mod text;
mod timing;

pub use catalog::{Broken, Catalog, Plugin, Running, State};
pub use component::{Begun, Component};
pub use discover::{Candidate, Discovery, Failed, discover};
pub use host::{CoreHost, Services};
pub use make::Maker;
pub use object::{Kind, Object};
pub use plan::{Plan, Want, plan};
pub use pool::{CallPool, Ticket};
pub use requests::Place;
pub use row::{ComponentRow, PluginRow};
pub use schema::known;
pub use timing::Timing;

pub(crate) use timing::nanos;

#[cfg(test)]
mod tests;
