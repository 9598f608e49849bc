//! Export: a batch at each interval, a bounded queue for each exporter, and patience with receivers.
//!
//! Each exporter has a task and a queue of its own, so a slow one delays no other.

mod backoff;
mod queue;
mod worker;

pub use worker::{Worker, start};
