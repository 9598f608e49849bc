//! What promtool says of metrics, rules and configurations.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use crate::monitor::Outcome;
use crate::tool::Tool;

/// The findings of `promtool check metrics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsCheck {
    /// The exit code: 0 nothing found, 3 lint only, others an unreadable scrape.
    pub code: Option<i32>,
    /// Why the scrape could not be read, if so.
    pub errors: Vec<String>,
    /// Lint lines: the metric's name, and the finding.
    pub lints: Vec<(String, String)>,
}

/// `promtool check metrics` on a scrape's text.
#[track_caller]
pub fn check_metrics(promtool: &Tool, text: &str) -> MetricsCheck {
    let mut child = promtool
        .command()
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("promtool does not start: {error}"));
    let mut input = child.stdin.take().expect("its input is a pipe");
    let text = text.to_owned();
    // From a thread: promtool may write before it has read everything.
    let writer = thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child
        .wait_with_output()
        .unwrap_or_else(|error| panic!("promtool: {error}"));
    let _ = writer.join();
    sort(&Outcome::new(&output))
}

/// `promtool check rules` on a file.
#[track_caller]
pub fn check_rules(promtool: &Tool, file: &Path) -> Outcome {
    check(promtool, "rules", file)
}

/// `promtool check config` on a file.
#[track_caller]
pub fn check_config(promtool: &Tool, file: &Path) -> Outcome {
    check(promtool, "config", file)
}

#[track_caller]
fn check(promtool: &Tool, what: &str, file: &Path) -> Outcome {
    let output = promtool.command().args(["check", what]).arg(file).output();
    Outcome::new(&output.unwrap_or_else(|error| panic!("promtool does not start: {error}")))
}

/// Tells lint lines (`NAME finding`) from parse errors, which come with another exit code.
fn sort(outcome: &Outcome) -> MetricsCheck {
    let said = outcome.said();
    let lines = said.lines().filter(|line| !line.trim().is_empty());
    let mut check = MetricsCheck {
        code: outcome.code,
        errors: Vec::new(),
        lints: Vec::new(),
    };
    for line in lines {
        match line.split_once(' ') {
            Some((name, finding)) if !line.starts_with("error") => {
                check.lints.push((name.to_owned(), finding.to_owned()));
            }
            _ => check.errors.push(line.to_owned()),
        }
    }
    if !matches!(outcome.code, Some(0 | 3)) && check.errors.is_empty() {
        check.errors.push(format!("{outcome:?}"));
    }
    check
}
