//! `completions`: a script for a shell.

use std::{io, process::ExitCode};

use clap::CommandFactory;
use clap_complete::Shell;

use super::arguments::Arguments;

pub(super) fn run(shell: Shell) -> ExitCode {
    let mut command = Arguments::command();
    clap_complete::generate(shell, &mut command, "gaxx-mon", &mut io::stdout());
    ExitCode::SUCCESS
}
