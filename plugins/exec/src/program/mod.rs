//! Running programs: an argument vector, never a shell; in a group of their own; with bounds.

mod failure;
mod group;
mod output;
mod running;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use gaxx_sdk::prelude::{Deadline, Error, Result};

pub(crate) use failure::{Failure, last_line};
pub(crate) use group::End;
pub(crate) use output::{Output, Runner, keep};
pub(crate) use running::{Event, Running};

/// What to run, and how much of it is borne.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    command: Vec<String>,
    env: BTreeMap<String, String>,
    working_folder: PathBuf,
    timeout: Option<Duration>,
    /// How much it may print, both streams together.
    pub(crate) max_output: usize,
}

impl Program {
    /// Checks what is configured below `key`.
    pub(crate) fn new(
        key: &str,
        command: Vec<String>,
        env: BTreeMap<String, String>,
        working_folder: PathBuf,
        timeout: Option<Duration>,
        max_output: usize,
    ) -> Result<Self> {
        let wrong = |name: &str, reason: &str, remedy: &str| {
            Err(Error::settings(format!("{key}.{name} {reason}")).remedy(remedy))
        };
        let list = "write a list: the program's absolute path, then its arguments one by one";
        match command.first() {
            None => return wrong("command", "is empty", list),
            Some(path) if !Path::new(path).is_absolute() => {
                let reason = format!("begins with {path:?}, which is no absolute path");
                return wrong("command", &reason, list);
            }
            Some(_) if command.iter().any(|argument| argument.contains('\0')) => {
                return wrong("command", "has a zero byte in an argument", "remove it");
            }
            Some(_) => {}
        }
        // Its value may be a secret and is not shown.
        let unusable = |(name, value): &(&String, &String)| {
            name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
        };
        if let Some((name, _)) = env.iter().find(unusable) {
            let reason = format!("has a variable {name:?} that no program can be given");
            return wrong("env", &reason, "use names without `=`, and no zero bytes");
        }
        if !working_folder.is_absolute() {
            let remedy = "write a path that begins with /";
            return wrong("working_folder", "is no absolute path", remedy);
        }
        if timeout.is_some_and(|time| time.is_zero()) {
            return wrong("timeout", "is zero", "write a duration such as 10s");
        }
        Ok(Self {
            command,
            env,
            working_folder,
            timeout,
            max_output,
        })
    }

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
