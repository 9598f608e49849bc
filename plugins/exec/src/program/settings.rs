//! What the configuration says of a program.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use gaxx_sdk::prelude::*;

use super::{Program, limits::Limits};
use crate::held;

/// A program, and how it is run: what all components that run one have alike.
#[settings]
pub(crate) struct ProgramSettings {
    /// The program's absolute path, then its arguments. No shell reads them.
    command: Vec<String>,
    /// Environment variables. Beside them there is only `PATH=/usr/bin:/bin`. Their values may be
    /// secrets, and are shown nowhere.
    #[default]
    #[schemars(extend("writeOnly" = true))]
    env: BTreeMap<String, String>,
    /// The folder it is run in.
    #[default("/".into())]
    working_folder: PathBuf,
    /// How long a run may take, at most until shortly before the deadline of the call.
    timeout: Option<Duration>,
    /// How much a run may print, 1 GiB at most.
    #[default(Size::mib(1))]
    max_output: Size,
    /// How much memory each of its processes may have for data: heap, stacks and what else it can
    /// write to. What is over fails, which ends most programs.
    max_memory: Option<Size>,
    /// How much CPU time each of its processes may use, in whole seconds. One that uses more is
    /// ended.
    max_cpu: Option<Duration>,
    /// How many files each of its processes may have open.
    #[schemars(range(min = 16))]
    max_open_files: Option<u64>,
}

impl ProgramSettings {
    /// Checks the settings, which stand below `key`.
    pub(crate) fn check(self, key: &str) -> Result<Program> {
        let wrong = |name: &str, reason: &str, remedy: &str| {
            Err(Error::settings(format!("{key}.{name} {reason}")).remedy(remedy))
        };
        let list = "write a list: the program's absolute path, then its arguments one by one";
        match self.command.first() {
            None => return wrong("command", "is empty", list),
            Some(path) if !Path::new(path).is_absolute() => {
                let reason = format!("begins with {path:?}, which is no absolute path");
                return wrong("command", &reason, list);
            }
            Some(_) if self.command.iter().any(|argument| argument.contains('\0')) => {
                return wrong("command", "has a zero byte in an argument", "remove it");
            }
            Some(_) => {}
        }
        // Its value may be a secret and is not shown.
        let unusable = |(name, value): &(&String, &String)| {
            name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
        };
        if let Some((name, _)) = self.env.iter().find(unusable) {
            let reason = format!("has a variable {name:?} that no program can be given");
            return wrong("env", &reason, "use names without `=`, and no zero bytes");
        }
        if !self.working_folder.is_absolute() {
            let remedy = "write a path that begins with /";
            return wrong("working_folder", "is no absolute path", remedy);
        }
        for (name, time) in [("timeout", self.timeout), ("max_cpu", self.max_cpu)] {
            if time.is_some_and(|time| time.is_zero()) {
                return wrong(name, "is zero", "write a duration such as 10s");
            }
        }
        Ok(Program {
            max_output: held::in_memory(&format!("{key}.max_output"), self.max_output)?,
            limits: Limits {
                memory: self.max_memory,
                cpu: self.max_cpu,
                open_files: self.max_open_files,
            },
            command: self.command,
            env: self.env,
            working_folder: self.working_folder,
            timeout: self.timeout,
        })
    }
}
