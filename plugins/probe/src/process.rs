//! Whether a program runs.

use std::fs;

use gaxx_sdk::prelude::*;
use regex_lite::Regex;

use crate::{not_set, pattern::pattern};

gaxx_sdk::component!(check "process" => Processes, "Whether a program runs, and how often.");

/// Bytes of a command line that are read.
const MOST: usize = 4096;
/// Letters of a name that the kernel keeps.
const NAME: usize = 15;

#[settings]
pub(crate) struct Settings {
    /// A program. Without it no such check is made.
    process: Option<Program>,
}

/// A program.
#[settings]
pub(crate) struct Program {
    /// Its name, as `ps -e` shows it.
    name: Option<String>,
    /// A regular expression that its command line must match, arguments joined by blanks.
    command: Option<String>,
    /// How many of it there must be.
    #[default(1)]
    min: usize,
    /// How many of it there may be; any number without it.
    max: Option<usize>,
}

struct Processes {
    name: Option<String>,
    command: Option<Regex>,
    min: usize,
    max: Option<usize>,
}

impl Component for Processes {
    type Settings = Settings;
    const ASKED_BY: Option<&'static str> = Some("process");

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        let Program {
            name,
            command,
            min,
            max,
        } = settings.process.ok_or_else(|| not_set("process"))?;
        if name.is_none() && command.is_none() {
            return Err(
                Error::settings("process has neither name nor command").remedy("say which program")
            );
        }
        if max.is_some_and(|max| max < min) {
            return Err(Error::settings("process.max is less than process.min"));
        }
        let command = command.as_deref();
        Ok(Self {
            command: command
                .map(|text| pattern("process.command", text))
                .transpose()?,
            // The kernel keeps no more of it.
            name: name.map(|name| name.chars().take(NAME).collect()),
            min,
            max,
        })
    }
}

impl HealthCheck for Processes {
    fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
        let mut count = 0;
        for entry in fs::read_dir("/proc").explain(|| "cannot look into /proc".to_owned())? {
            let Ok(entry) = entry else { continue };
            let id = entry.file_name();
            let is_process = id
                .to_string_lossy()
                .bytes()
                .all(|byte| byte.is_ascii_digit());
            // One that has just ended is none.
            if is_process && self.is_it(&entry.path()) {
                count += 1;
            }
        }
        let verdict = if count < self.min {
            Verdict::unhealthy(format!("{count} run, and {} should", self.min))
        } else if let Some(max) = self.max.filter(|max| count > *max) {
            Verdict::unhealthy(format!("{count} run, and at most {max} should"))
        } else {
            Verdict::healthy(format!("{count} run"))
        };
        Ok(verdict.detail("count", count))
    }
}

impl Processes {
    fn is_it(&self, folder: &std::path::Path) -> bool {
        let named = self.name.as_ref().is_none_or(|name| {
            fs::read_to_string(folder.join("comm"))
                .is_ok_and(|comm| comm.trim_end_matches('\n') == name)
        });
        named
            && self.command.as_ref().is_none_or(|command| {
                fs::read(folder.join("cmdline")).is_ok_and(|mut line| {
                    line.truncate(MOST);
                    let text = String::from_utf8_lossy(&line).replace('\0', " ");
                    !text.is_empty() && command.is_match(text.trim_end())
                })
            })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

    use std::process::Command;

    use gaxx_sdk::{json, serde_json, testing};

    use super::*;

    fn checked(settings: serde_json::Value) -> Verdict {
        let mut check = testing::check::<Processes>(json!({ "process": settings })).unwrap();
        check.check().unwrap()
    }

    #[test]
    fn programs_are_counted() {
        // Nobody else sleeps for so long.
        let time = format!("9{:07}", std::process::id());
        let by_command = |more: serde_json::Value| {
            let mut settings = more;
            settings["command"] = json!(format!("^sleep {time}$"));
            checked(settings).status
        };
        assert_eq!(by_command(json!({})), Status::Unhealthy);
        let mut children: Vec<_> = (0..2)
            .map(|_| Command::new("sleep").arg(&time).spawn().unwrap())
            .collect();
        // Between fork and exec it is still this program.
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(
            by_command(json!({"name": "sleep", "min": 2, "max": 2})),
            Status::Healthy
        );
        assert_eq!(by_command(json!({"min": 3})), Status::Unhealthy);
        assert_eq!(by_command(json!({"max": 1})), Status::Unhealthy);
        assert_eq!(by_command(json!({"name": "awake"})), Status::Unhealthy);
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(by_command(json!({"min": 0, "max": 0})), Status::Healthy);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        for (settings, key) in [
            (json!({}), "neither name nor command"),
            (json!({"command": "("}), "process.command"),
            (json!({"name": "a", "min": 2, "max": 1}), "process.max"),
        ] {
            let made = testing::check::<Processes>(json!({ "process": settings }));
            let error = made.map(drop).unwrap_err();
            assert!(error.message().contains(key), "{error}");
        }
    }
}
