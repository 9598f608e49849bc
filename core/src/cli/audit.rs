//! `gaxx-mon audit`: looks at the audit log.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{arguments::Common, load::refuse};

/// What `gaxx-mon audit` understands.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether anything in the audit log was changed, left out or cut off
    Verify,
}

pub(super) fn run(_common: &Common, audit: &Audit) -> ExitCode {
    match audit.command {
        Command::Verify => refuse(&"gaxx-mon audit verify is being built"),
    }
}
