//! Write plugins for gaxx-mon: collectors, health checks, exporters and endpoints.
//!
//! A plugin is a library crate of type `cdylib` (and `rlib`, where it is also to be linked in). It
//! has a settings struct, a component that implements [`Component`] and one of [`Collector`],
//! [`HealthCheck`], [`Exporter`] and [`Endpoint`], and the line [`plugin!`] that exports it:
//!
//! ```
//! use gaxx_sdk::prelude::*;
//!
//! /// Settings under `plugins.answer` in config.yaml.
//! #[settings]
//! struct Settings {
//!     /// What to answer.
//!     #[default(42.0)]
//!     value: f64,
//! }
//!
//! struct Answer { settings: Settings, answer: Gauge }
//!
//! impl Component for Answer {
//!     type Settings = Settings;
//!     fn new(settings: Settings, context: &Context) -> Result<Self> {
//!         let answer = context.gauge("answer", "The answer to everything.")?;
//!         Ok(Self { settings, answer })
//!     }
//! }
//!
//! impl Collector for Answer {
//!     fn collect(&mut self, _deadline: Deadline) -> Result<()> {
//!         self.answer.set(self.settings.value);
//!         Ok(())
//!     }
//! }
//!
//! gaxx_sdk::plugin! {
//!     name = "answer";
//!     description = "The answer to everything.";
//!     collector "answer" => Answer;
//! }
//!
//! # fn main() {
//! let mut answer = gaxx_sdk::testing::collector::<Answer>(gaxx_sdk::json!({})).unwrap();
//! assert_eq!(answer.collect().unwrap().value("answer", &[]), Some(42.0));
//! # }
//! ```
//!
//! Panics are caught at the border and become faults; log lines written with the macros of the
//! `log` crate reach the host's log; metrics are handles that cost an atomic store.

// So that what the settings attribute expands to is right inside this crate too.
extern crate self as gaxx_sdk;

mod batch;
#[doc(hidden)]
pub mod border;
#[cfg(feature = "client")]
pub mod client;
mod component;
mod context;
mod deadline;
#[doc(hidden)]
pub mod declare;
mod error;
pub mod exposition;
mod host;
mod http;
mod logging;
pub mod metrics;
mod news;
pub mod prelude;
mod profile;
mod route;
mod select;
pub mod settings;
pub mod testing;
mod verdict;

pub use batch::{Batch, Family as BatchFamily, Series as BatchSeries, Value};
pub use component::{Collector, Component, Endpoint, Exporter, HealthCheck, Notifier};
pub use context::Context;
pub use deadline::Deadline;
pub use declare::linked;
pub use error::{Error, ErrorKind, Explain, Result};
pub use gaxx_macros::settings;
pub use host::{Host, Process};
pub use http::{Body, Reply, Request};
pub use news::{News, Severity, Standing, Transition};
pub use profile::CpuProfile;
pub use route::{Listener, Route, Scope};
pub use select::Selected;
pub use settings::{NoSettings, Size};
pub use verdict::{Status, Verdict};

// What the macros expand to, and what authors need at the same version.
pub use gaxx_abi as abi;
pub use inventory;
pub use log;
pub use schemars;
pub use serde;
pub use serde_json::{self, json};

/// Compiles the code of the plugin guide.
#[cfg(doctest)]
#[doc = include_str!("../../docs/plugin-guide.md")]
struct PluginGuide;
