//! Sends a file or a folder to a node.

use std::process::ExitCode;

use clap::Args;

use crate::cli::{arguments::Common, load::refuse};

/// What `gaxx-mon push` understands.
#[derive(Debug, Args)]
pub(in crate::cli) struct Push {
    /// The node
    node: String,
}

pub(in crate::cli) fn run(_common: &Common, push: &Push) -> ExitCode {
    refuse(&format!(
        "cannot reach {}: gaxx-mon push is being built",
        push.node
    ))
}
