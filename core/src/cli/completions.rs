//! `completions`: a script for a shell.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{arguments::Arguments, style};

pub(super) fn run(shell: Shell) -> ExitCode {
    let mut command = Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "gaxx-mon", &mut script);
    style::say(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}
