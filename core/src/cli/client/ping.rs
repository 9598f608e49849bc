//! Asks nodes how they are.

use std::process::ExitCode;

use clap::Args;

use crate::cli::{arguments::Common, load::refuse};

/// What `gaxx-mon ping` understands.
#[derive(Debug, Args)]
pub(in crate::cli) struct Ping {
    /// The node
    node: String,
}

pub(in crate::cli) fn run(_common: &Common, ping: &Ping) -> ExitCode {
    refuse(&format!(
        "cannot reach {}: gaxx-mon ping is being built",
        ping.node
    ))
}
