//! `plugins`: what is there, and what authors and operators do with libraries.

mod build;
mod inspect;
mod install;
mod list;
mod new;
mod settings;
mod verify;

use std::{path::Path, process::ExitCode};

use serde::Serialize;

use super::{
    arguments::{Common, Plugins, PluginsCommand},
    load::refuse,
    style,
};
use crate::{
    config::Config,
    loader::{Examination, Trust},
    monitor::Source,
};

pub(super) fn run(common: &Common, plugins: &Plugins) -> ExitCode {
    let format = plugins.format;
    let result = match &plugins.command {
        None | Some(PluginsCommand::List) => return list::run(common, format),
        Some(PluginsCommand::Inspect { files, settings }) => {
            inspect::run(common, files, *settings, format)
        }
        Some(PluginsCommand::Verify { files }) => verify::run(common, files, format),
        Some(PluginsCommand::Install { files, to }) => {
            install::run(common, files, to.as_deref(), format)
        }
        Some(PluginsCommand::New(wanted)) => done(new::run(wanted)),
        Some(PluginsCommand::Build { folder }) => done(build::run(folder, format)),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(code) => code,
    }
}

/// Says why it failed, if it did.
fn done(result: Result<(), impl ToString>) -> Result<bool, ExitCode> {
    result.map(|()| true).map_err(|error| refuse(&error))
}

/// The configuration that says what is trusted. One that is wrong is refused, as at a start.
fn configured(common: &Common) -> Result<(Source, Config), ExitCode> {
    let source = common.source();
    let document = source.read().map_err(|problems| refuse(&problems))?;
    let config = document.config().clone();
    Ok((source, config))
}

/// Looks at a library as a start would.
fn examine(file: &Path, config: &Config) -> Examination {
    let max_size = config.limits.max_library_size.bytes();
    Examination::of(file, max_size, &Trust::of(config))
}

/// Prints rows for programs.
fn say_json(rows: &[impl Serialize]) {
    let text = serde_json::to_string_pretty(rows).unwrap_or_default();
    style::say(&format!("{text}\n"));
}
