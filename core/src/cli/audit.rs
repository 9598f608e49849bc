//! `gaxx-mon audit`: looks at the audit log.

use std::{fmt::Write, path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use super::{
    arguments::{Common, RowFormat},
    load::refuse,
    style,
};
use crate::{
    audit::{
        self,
        verify::{self, Anchor, Finding, Report, VerifyError},
    },
    plugin::text::one_line,
    role::Role,
};

/// Nothing can be said of the log.
const UNKNOWN: u8 = 2;
/// Lines of the report are cut after so many characters.
const LONGEST: usize = 2000;

/// What `gaxx-mon audit` understands.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether anything in the audit log was changed, left out or cut off
    ///
    /// The exit status is 0 where nothing was, 1 where something was, 2 where the log cannot be read.
    /// An agent may be writing it meanwhile.
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Verify {
    /// The log's folder, or single files of it [default: that of the configuration]
    #[arg(value_name = "FOLDER|FILE")]
    paths: Vec<PathBuf>,
    /// A record and its hash, as an earlier verification has printed them: it must still be so
    #[arg(long, value_name = "SEQ:HASH")]
    anchor: Option<Anchor>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    format: RowFormat,
}

pub(super) fn run(common: &Common, audit: &Audit) -> ExitCode {
    let Command::Verify(verify) = &audit.command;
    match verified(common, verify) {
        Ok(report) => {
            match verify.format {
                RowFormat::Json => {
                    let text = serde_json::to_string_pretty(&report).unwrap_or_default();
                    style::say(&format!("{text}\n"));
                }
                RowFormat::Text => style::say(&text(&report)),
            }
            if report.is_whole() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(code) => code,
    }
}

fn verified(common: &Common, verify: &Verify) -> Result<Report, ExitCode> {
    let report = match verify.paths.as_slice() {
        [] => verify::folder(&configured(common)?, verify.anchor),
        [folder] if folder.is_dir() => verify::folder(folder, verify.anchor),
        files => verify::files(files, verify.anchor),
    };
    report.map_err(|error| {
        let remedy = match &error {
            VerifyError::Nothing(_) => "name the folder, or give the agent's --config",
            VerifyError::Unreadable { .. } => "run it as the agent's user, or as root",
        };
        unknown(&format!("{error}\n{remedy}"))
    })
}

/// The folder of the log that the configuration means.
fn configured(common: &Common) -> Result<PathBuf, ExitCode> {
    let source = common.source_of(Role::Agent);
    let document = source.read().map_err(|problems| unknown(&problems))?;
    let state_folder = source.state_folder(document.config());
    let state_folder = state_folder.map_err(|error| unknown(&error))?;
    Ok(audit::folder(&state_folder))
}

fn unknown(why: &impl ToString) -> ExitCode {
    // Said in the same way as by any other command; only the status differs.
    let _ = refuse(why);
    ExitCode::from(UNKNOWN)
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    let mut say = |line: String| {
        // Writing to memory does not fail.
        let _ = writeln!(text, "{}", one_line(&line, LONGEST));
    };
    for finding in &report.findings {
        let Finding {
            file,
            line,
            kind,
            text,
        } = finding;
        let line = line.map_or(String::new(), |line| format!(":{line}"));
        say(format!("{}{line}: {kind}: {text}", file.display()));
    }
    if report.more_findings > 0 {
        say(format!("and {} more", report.more_findings));
    }
    for note in &report.notes {
        say(format!("note: {note}"));
    }
    let (files, records) = (report.files, report.records);
    let range = match (report.first, report.last) {
        (Some(first), Some(last)) => format!(" ({first} to {last})"),
        _ => String::new(),
    };
    if let (Some(last), Some(hash)) = (report.last, &report.hash) {
        say(format!("anchor: {last}:{hash}"));
    }
    let verdict = if report.is_whole() {
        "whole"
    } else {
        "NOT WHOLE"
    };
    say(format!(
        "{verdict}: {records} records{range} in {files} files"
    ));
    text
}
