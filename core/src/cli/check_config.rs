//! `check-config`: all that is wrong with the configuration.

use std::process::ExitCode;

use super::{
    arguments::Common,
    load::{launcher, refuse},
    style,
};
use crate::{
    config::{self, Draft, Problems, Severity},
    plugin::{self, discover},
};

/// What is wrong where libraries are not even looked at.
fn unloaded(problems: &Problems) -> String {
    format!(
        "{problems}\nno plugin is loaded before it is known which are trusted, so sections of plugins \
         were not checked"
    )
}

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
    let config = match draft.usable() {
        Ok(config) => config,
        Err(problems) => return refuse(&unloaded(&problems)),
    };
    let launcher = match launcher(&source, &config) {
        Ok(launcher) => launcher,
        Err(code) => return code,
    };
    let found = discover(&source.folders(&config), &config.plugins, &launcher);
    let problems = draft.check(&plugin::known(&found, &config));
    launcher.loader().remove_copies();
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
