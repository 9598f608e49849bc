//! Export: a batch at each interval, relabelled, kept until it is delivered, and patience with
//! receivers.
//!
//! ```text
//! interval ─▶ snapshot ─▶ relabel ─▶ outbox ─▶ exporter ─▶ receiver
//!                                      └ spool   on disk, until it is delivered
//! ```
//!
//! Each exporter has a task, an outbox and a spool of its own, so a slow one delays no other. A batch
//! is *accepted* once it is in the spool.

mod backoff;
mod cargo;
mod codec;
mod condition;
mod once;
mod origin;
mod outbox;
pub mod relabel;
mod sending;
pub mod spool;
mod worker;

pub use cargo::Takes;
pub use condition::Condition;
pub use once::{Sent, once};
pub use sending::{Facts, Home, Sending};
pub use worker::{Worker, start};

use crate::registry::Owner;

/// The name of an exporter's section in the configuration.
pub fn name(owner: &Owner) -> &str {
    if owner.instance.is_empty() {
        &owner.component
    } else {
        &owner.instance
    }
}

/// What the names of the checks begin with, one for each exporter, whether it delivers.
pub const CHECKS: &str = "export/";

/// The name of the check whether an exporter delivers.
pub fn check_name(owner: &Owner) -> String {
    format!("{CHECKS}{}", name(owner))
}
