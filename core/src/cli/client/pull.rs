//! Fetches a file or a folder from a node.

use std::process::ExitCode;

use clap::Args;

use crate::cli::{arguments::Common, load::refuse};

/// What `gaxx-mon pull` understands.
#[derive(Debug, Args)]
pub(in crate::cli) struct Pull {
    /// The node
    node: String,
}

pub(in crate::cli) fn run(_common: &Common, pull: &Pull) -> ExitCode {
    refuse(&format!(
        "cannot reach {}: gaxx-mon pull is being built",
        pull.node
    ))
}
