//! `config-schema`: the JSON Schema of the configuration.

use std::{process::ExitCode, sync::Arc};

use super::{arguments::Common, load::refuse, style};
use crate::{
    config::{self, Draft},
    loader::{self, Loader},
    plugin::{self, discover},
};

pub(super) fn run(common: &Common) -> ExitCode {
    let source = common.source();
    // A configuration that is wrong still says which plugins to ask.
    let config = Draft::read(
        source.file.as_deref(),
        config::environment(),
        &source.arguments,
    )
    .map(|draft| draft.usable())
    .unwrap_or_default();
    let state_folder = match source.state_folder(&config) {
        Ok(folder) => folder,
        Err(error) => return refuse(&error),
    };
    let loader = Arc::new(Loader::new(loader::Settings::new(state_folder)));
    let found = discover(&source.folders(&config), &loader);
    let schema = config::schema(&plugin::known(&found, &config));
    loader.remove_copies();
    style::say(&format!(
        "{}\n",
        serde_json::to_string_pretty(&schema).unwrap_or_default()
    ));
    ExitCode::SUCCESS
}
