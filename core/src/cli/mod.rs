//! The command line. Each command is a file.

mod agent;
mod arguments;
mod audit;
mod check;
mod check_config;
mod client;
mod collect;
mod completions;
mod export;
mod load;
mod logging;
mod nagios;
mod plugins;
mod schema;
mod serve;
mod signals;
mod style;
mod table;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command};
use crate::{isolation, profile, role::Role};

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    profile::watch_allocations();
    let mut words = std::env::args_os().skip(1);
    // What the program starts itself as, thousands of times: not a command, and nothing of the
    // command line is needed for it.
    match words.next() {
        Some(word) if word == isolation::CHILD => return isolation::child_main(words),
        Some(word) if word == isolation::HELPER => return isolation::helper_main(words),
        _ => {}
    }
    let arguments = Arguments::parse();
    match &arguments.command {
        None => serve::run(arguments.common.source(), Role::Main),
        Some(Command::Collect(collect)) => collect::run(&arguments.common, collect),
        Some(Command::Export(export)) => export::run(&arguments.common, export),
        Some(Command::Check(check)) => check::run(&arguments.common, check),
        Some(Command::Plugins(plugins)) => plugins::run(&arguments.common, plugins),
        Some(Command::Agent(agent)) => agent::run(&arguments.common, agent),
        Some(Command::Exec(exec)) => client::exec::run(&arguments.common, exec),
        Some(Command::Push(push)) => client::push::run(&arguments.common, push),
        Some(Command::Pull(pull)) => client::pull::run(&arguments.common, pull),
        Some(Command::Ping(ping)) => client::ping::run(&arguments.common, ping),
        Some(Command::Profile(profile)) => client::profile::run(&arguments.common, profile),
        Some(Command::Audit(audit)) => audit::run(&arguments.common, audit),
        Some(Command::CheckConfig) => check_config::run(&arguments.common),
        Some(Command::ConfigSchema) => schema::run(&arguments.common),
        Some(Command::Completions { shell }) => completions::run(*shell),
    }
}
