//! Runs a command on a node.

use std::process::ExitCode;

use clap::Args;

use crate::cli::{arguments::Common, load::refuse};

/// What `gaxx-mon exec` understands.
#[derive(Debug, Args)]
pub(in crate::cli) struct Exec {
    /// The node
    node: String,
}

pub(in crate::cli) fn run(_common: &Common, exec: &Exec) -> ExitCode {
    refuse(&format!(
        "cannot reach {}: gaxx-mon exec is being built",
        exec.node
    ))
}
