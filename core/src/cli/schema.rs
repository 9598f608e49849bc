//! `config-schema`: the JSON Schema of the configuration.

use std::process::ExitCode;

use super::{
    arguments::Common,
    load::{launcher, refuse},
    style,
};
use crate::{
    config::{self, Draft},
    plugin::{self, discover},
};

pub(super) fn run(common: &Common) -> ExitCode {
    let source = common.source();
    // One that is wrong still says which plugins to ask, unless it leaves open which are trusted.
    let draft = Draft::read(
        source.file.as_deref(),
        config::environment(),
        &source.arguments,
    );
    let config = match draft.and_then(|draft| draft.usable()) {
        Ok(config) => config,
        Err(problems) => return refuse(&problems),
    };
    let launcher = match launcher(&source, &config) {
        Ok(launcher) => launcher,
        Err(code) => return code,
    };
    let found = discover(&source.folders(&config), &config.plugins, &launcher);
    let schema = config::schema(&plugin::known(&found, &config));
    launcher.loader().remove_copies();
    style::say(&format!(
        "{}\n",
        serde_json::to_string_pretty(&schema).unwrap_or_default()
    ));
    ExitCode::SUCCESS
}
