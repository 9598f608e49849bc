//! `config-schema`: the JSON Schema of the configuration.

use std::{process::ExitCode, sync::Arc};

use super::{arguments::Common, load::refuse, style};
use crate::{
    config::{self, Draft},
    loader::{self, Loader},
    plugin::{self, Launcher, discover},
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
    let state_folder = match source.state_folder(&config) {
        Ok(folder) => folder,
        Err(error) => return refuse(&error),
    };
    let settings = loader::Settings::of(&config, state_folder);
    let loader = Arc::new(Loader::new(settings));
    let launcher = Launcher::new(Arc::clone(&loader));
    let found = discover(&source.folders(&config), &config.plugins, &launcher);
    let schema = config::schema(&plugin::known(&found, &config));
    loader.remove_copies();
    style::say(&format!(
        "{}\n",
        serde_json::to_string_pretty(&schema).unwrap_or_default()
    ));
    ExitCode::SUCCESS
}
