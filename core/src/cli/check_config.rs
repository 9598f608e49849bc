//! `check-config`: all that is wrong with the configuration.

use std::{process::ExitCode, sync::Arc};

use super::{arguments::Common, load::refuse, style};
use crate::{
    config::{self, Draft, Severity},
    loader::{self, Loader},
    plugin::{self, discover},
};

pub(super) fn run(common: &Common) -> ExitCode {
    let source = common.source();
    let draft = match Draft::read(
        source.file.as_deref(),
        config::environment(),
        &source.arguments,
    ) {
        Ok(draft) => draft,
        Err(problems) => return refuse(&problems),
    };
    let config = draft.usable();
    let state_folder = match source.state_folder(&config) {
        Ok(folder) => folder,
        Err(error) => return refuse(&error),
    };
    let loader = Arc::new(Loader::new(loader::Settings::new(state_folder)));
    let found = discover(&source.folders(&config), &loader);
    let problems = draft.check(&plugin::known(&found, &config));
    loader.remove_copies();
    for problem in &problems {
        eprintln!("{problem}");
    }
    for failed in &found.failed {
        eprintln!(
            "warning: plugin {} is not loaded: {}; {}",
            failed.name, failed.error, failed.remedy
        );
    }
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    if errors > 0 {
        eprintln!(
            "{errors} {} wrong",
            if errors == 1 {
                "thing is"
            } else {
                "things are"
            }
        );
        return ExitCode::FAILURE;
    }
    match &source.file {
        Some(file) => style::say(&format!("{} is right\n", file.display())),
        None => style::say("there is no configuration file, and none is needed\n"),
    }
    ExitCode::SUCCESS
}
