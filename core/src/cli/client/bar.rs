//! How far a transfer is: a bar on a terminal, lines elsewhere.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::client::transfer::{Progress, Step};

/// What a bar of known length shows.
const KNOWN: &str = "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
/// What one of unknown length shows.
const UNKNOWN: &str = "{msg} {spinner} {bytes} {bytes_per_sec}";
/// How often a bar is drawn anew, by itself.
const TICK: Duration = Duration::from_millis(200);

/// Shows on standard error how far a transfer is.
pub(super) struct Bar {
    bar: ProgressBar,
    /// Whether lines are written, for want of a terminal.
    lines: bool,
}

impl Bar {
    /// A bar on a terminal, lines elsewhere, and where it is to be `quiet` nothing but what went
    /// wrong.
    pub(super) fn new(quiet: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let target = if terminal && !quiet {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            bar: ProgressBar::with_draw_target(None, target),
            lines: !terminal && !quiet,
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn begin(&self, what: &'static str, total: Option<u64>, there: u64) {
        let template = if total.is_some() { KNOWN } else { UNKNOWN };
        let style = ProgressStyle::with_template(template);
        self.bar.set_style(style.expect("the template is right"));
        self.bar.set_message(what);
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        // What was there before does not count for the rate.
        self.bar.set_position(there);
        self.bar.reset_eta();
        self.bar.enable_steady_tick(TICK);
        if self.lines {
            let there = if there > 0 {
                format!(", {there} bytes are there already")
            } else {
                String::new()
            };
            let total = total.map_or_else(String::new, |total| format!(" {total} bytes"));
            eprintln!("{what}{total}{there}");
        }
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| eprintln!("gaxx-mon: {text}"));
    }
}

impl Progress for Bar {
    fn step(&self, step: Step<'_>) {
        match step {
            Step::Hashing(bytes) => self.begin("digest", Some(bytes), 0),
            Step::Moving { total, there } => self.begin("moving", total, there),
            Step::Verifying => self.begin("verifying", None, 0),
            Step::Again { error, wait } => self.line(&format!(
                "{error}; trying again in {}",
                humantime::format_duration(wait)
            )),
            Step::LeftOut(path) => self.line(&format!(
                "left out, since it is neither file, folder nor link: {}",
                path.display()
            )),
        }
    }

    fn done(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
}
