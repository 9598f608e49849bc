//! `plugins verify`: what each check before loading finds.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;

use super::{configured, examine, say_json};
use crate::{
    cli::{
        arguments::{Common, RowFormat},
        style, table,
    },
    loader::{Examination, Outcome, Refusal, Subject},
    plugin::text::one_line,
};

/// Paths are cut after so many characters.
const LONGEST: usize = 1000;

/// A library and what became of its checks.
#[derive(Serialize)]
struct Row {
    file: PathBuf,
    /// Whether a start would load it, as far as its file tells.
    accepted: bool,
    checks: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    check: &'static str,
    /// `ok`, `failed`, `not asked for` or `not reached`.
    result: &'static str,
    /// What was found, or what is wrong.
    text: String,
    /// The refusal as a word, as in the label of `gaxx_plugin_load_refused_total`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Answers whether all would be loaded.
pub(super) fn run(common: &Common, files: &[PathBuf], format: RowFormat) -> Result<bool, ExitCode> {
    let (_, config) = configured(common)?;
    let rows: Vec<Row> = files
        .iter()
        .map(|file| Row::of(&examine(file, &config)))
        .collect();
    match format {
        RowFormat::Json => say_json(&rows),
        RowFormat::Text => {
            for row in &rows {
                print(row);
            }
        }
    }
    Ok(rows.iter().all(|row| row.accepted))
}

impl Row {
    fn of(library: &Examination) -> Self {
        let checks = library.checks();
        Self {
            file: library.file.clone(),
            accepted: library.verdict().is_ok(),
            checks: checks
                .map(|(subject, outcome)| Line::of(subject, outcome))
                .collect(),
        }
    }
}

impl Line {
    fn of(subject: Subject, outcome: &Outcome) -> Self {
        let (result, text, refusal) = match outcome {
            Outcome::Passed(found) => ("ok", found.clone(), None),
            Outcome::Refused(refusal) => ("failed", refusal.to_string(), Some(refusal)),
            Outcome::NotAsked(why) => ("not asked for", why.clone(), None),
            Outcome::NotReached => ("not reached", String::new(), None),
        };
        Self {
            check: subject.name(),
            result,
            text,
            reason: refusal.map(Refusal::reason),
            remedy: refusal.map(|refusal| refusal.remedy().into_owned()),
        }
    }
}

fn print(row: &Row) {
    let colours = style::colours();
    let verdict = if row.accepted {
        "would be loaded"
    } else {
        "would be refused"
    };
    let file = shown(&row.file);
    let heading = style::heading(&format!("{file} {verdict}"), colours);
    let lines: Vec<Vec<String>> = row
        .checks
        .iter()
        .map(|check| {
            let text = match &check.remedy {
                Some(remedy) => format!("{}; {remedy}", check.text),
                None => check.text.clone(),
            };
            let result = style::state(check.result, colours);
            vec![String::new(), check.check.to_owned(), result, text]
        })
        .collect();
    style::say(&format!("{heading}\n{}", table::format(&lines)));
}

/// A path on one line, whatever stands in it.
pub(super) fn shown(file: &Path) -> String {
    one_line(&file.display().to_string(), LONGEST)
}
