//! The command line. Each command is a file.

mod arguments;
mod check;
mod check_config;
mod collect;
mod completions;
mod load;
mod logging;
mod plugins;
mod run;
mod schema;
mod signals;
mod style;
mod table;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command};
use crate::isolation;

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    // What the program starts itself as, thousands of times: not a command, and nothing of the
    // command line is needed for it.
    if words.next().is_some_and(|word| word == isolation::CHILD) {
        return isolation::child_main(words);
    }
    let arguments = Arguments::parse();
    match &arguments.command {
        None => run::run(&arguments.common),
        Some(Command::Collect(collect)) => collect::run(&arguments.common, collect),
        Some(Command::Check(check)) => check::run(&arguments.common, check),
        Some(Command::Plugins(plugins)) => plugins::run(&arguments.common, plugins),
        Some(Command::CheckConfig) => check_config::run(&arguments.common),
        Some(Command::ConfigSchema) => schema::run(&arguments.common),
        Some(Command::Completions { shell }) => completions::run(*shell),
    }
}
