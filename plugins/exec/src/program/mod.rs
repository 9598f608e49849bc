//! Running programs: an argument vector, never a shell; in a group of their own; with bounds.

mod birth;
mod failure;
mod group;
mod image;
mod limits;
mod output;
mod running;
mod settings;
#[cfg(test)]
mod tests;
mod tree;
mod wait;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use gaxx_sdk::{Deadline, Size};

pub(crate) use failure::{Failure, last_line};
pub(crate) use group::End;
pub(crate) use output::{Output, Runner, keep};
pub(crate) use running::{Event, Running};
pub(crate) use settings::ProgramSettings;

/// What to run, and how much of it is borne. Made of [`ProgramSettings`].
#[derive(Debug, Clone)]
pub(crate) struct Program {
    command: Vec<String>,
    env: BTreeMap<String, String>,
    working_folder: PathBuf,
    timeout: Option<Duration>,
    limits: limits::Limits,
    /// How much it may print, both streams together.
    pub(crate) max_output: Size,
}

impl Program {
    /// The path of the program; its arguments may be secrets and are shown nowhere.
    pub(crate) fn path(&self) -> &str {
        // Checked when it was made.
        self.command.first().map_or("", String::as_str)
    }

    /// How long it may run within a call: until shortly before the call's deadline, so that there
    /// is time to end it and to say so.
    pub(crate) fn patience(&self, deadline: Deadline) -> Duration {
        let left = deadline.remaining();
        let left = left.saturating_sub((left / 10).min(Duration::from_secs(1)));
        self.timeout.unwrap_or(left).min(left)
    }
}
