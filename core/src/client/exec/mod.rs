//! Commands on a node: `POST /v0/exec`, its stream of frames, and its reports.

mod frame;
mod lines;
mod order;
mod report;
mod running;

#[cfg(test)]
mod tests;

pub use frame::Channel as OutputChannel;
pub use order::{Input, Order};
pub use report::{Outcome, Report};
pub use running::{Event, Running};
