//! `plugins`: what is there, and what authors and operators do with libraries.

mod list;

use std::process::ExitCode;

use super::arguments::{Common, Plugins, PluginsCommand};

pub(super) fn run(common: &Common, plugins: &Plugins) -> ExitCode {
    match &plugins.command {
        None | Some(PluginsCommand::List) => list::run(common, plugins.format),
    }
}
