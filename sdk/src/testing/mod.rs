//! Runs a component in a unit test, through the same border as in the host.
//!
//! ```
//! # use gaxx_sdk::prelude::*;
//! # struct Loads { one: Gauge }
//! # impl Component for Loads {
//! #     type Settings = NoSettings;
//! #     fn new(_: NoSettings, context: &Context) -> Result<Self> {
//! #         Ok(Self { one: context.gauge("node_load1", "Load over a minute.")? })
//! #     }
//! # }
//! # impl Collector for Loads {
//! #     fn collect(&mut self, _: Deadline) -> Result<()> { self.one.set(0.5); Ok(()) }
//! # }
//! # fn main() -> Result<()> {
//! let mut loads = gaxx_sdk::testing::collector::<Loads>(gaxx_sdk::json!({}))?;
//! let samples = loads.collect()?;
//! assert_eq!(samples.value("node_load1", &[]), Some(0.5));
//! assert_eq!(samples.findings(), Vec::<String>::new());
//! # Ok(())
//! # }
//! ```

mod batch;
mod child;
mod compliance;
mod component;
mod conditions;
mod exchange;
mod folder;
mod helper;
mod host;
mod hostile;
mod naming;
mod profiles;
mod receiver;
mod samples;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use host::TestHost;

pub use batch::Measurements;
pub use child::in_child;
pub use compliance::{Compliance, comply};
pub use component::{
    CheckTest, CollectorTest, EndpointTest, ExporterTest, check, collector, endpoint, exporter,
    notifier,
};
pub use conditions::{Conditions, Facility, host};
pub use exchange::Answer;
#[doc(hidden)]
pub use helper::helpers_end;
pub use host::LogLine;
pub use hostile::{Hostile, hostile_settings};
pub use receiver::{Received, Receiver};
pub use samples::{Sample, Samples};
