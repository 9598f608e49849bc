//! `go tool pprof`, as people use it.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::monitor::Outcome;
use crate::tool::{Tool, require};

/// `go tool pprof` with a home of its own: it keeps what it fetches there, and finds no program of
/// its user's.
#[derive(Debug)]
pub struct GoPprof {
    go: Tool,
    /// Graphviz, which draws for it.
    dot: Tool,
    home: TempDir,
}

/// A row of what `-top` prints.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What the function itself used, in the unit that was asked for.
    pub flat: f64,
    /// The same as a part of all, in percent.
    pub flat_percent: f64,
    /// What the function and those it called used, in percent of all.
    pub cum_percent: f64,
    /// The function; with `-lines` also file and line.
    pub name: String,
}

impl GoPprof {
    /// Finds it, or says that the test is skipped without it; see [`require`].
    #[track_caller]
    pub fn require() -> Option<Self> {
        let (go, dot) = (require("go")?, require("dot")?);
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        Some(Self { go, dot, home })
    }

    /// A command with the environment that `go tool pprof` needs, for instance a shell in which it is
    /// called.
    pub fn environment(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for tool in [&self.go, &self.dot] {
            let with_libraries = tool.command();
            for (name, value) in with_libraries.get_envs() {
                command.env(name, value.unwrap_or_default());
            }
        }
        let own = [&self.go, &self.dot].map(|tool| tool.path().parent().map(Into::into));
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = own.into_iter().flatten().chain(env::split_paths(&path));
        command.env("PATH", env::join_paths(folders).unwrap_or_default());
        let home = self.home.path();
        for name in ["HOME", "PPROF_TMPDIR", "PPROF_BINARY_PATH", "GOCACHE"] {
            command.env(name, home);
        }
        // Of whoever runs the tests: another Go than the one that was found.
        for name in ["GOROOT", "GOFLAGS", "GOTOOLDIR", "PPROF_TOOLS"] {
            command.env_remove(name);
        }
        command
    }

    /// `go tool pprof` and these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.environment(self.go.path());
        command.args(["tool", "pprof"]).args(arguments);
        command
    }

    /// Runs it to its end, whatever that is.
    #[track_caller]
    pub fn try_run(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.command(arguments);
        let output = command.stdin(Stdio::null()).output();
        Outcome::new(&output.unwrap_or_else(|error| panic!("go does not start: {error}")))
    }

    /// Runs it to a good end, and gives what it printed.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        self.try_run(arguments).expect(0).stdout
    }

    /// A file of this name with a profile, as an argument.
    #[track_caller]
    pub fn file(&self, name: &str, profile: &[u8]) -> String {
        let path = self.home.path().join(name);
        fs::write(&path, profile).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path.display().to_string()
    }

    /// The rows of `-top` with these arguments, the largest first; every function is there.
    #[track_caller]
    pub fn top(&self, arguments: &[&str]) -> Vec<Row> {
        let all = [
            "-top",
            "-nodefraction=0",
            "-edgefraction=0",
            "-nodecount=100000",
        ];
        rows(&self.run(&[&all, arguments].concat()))
    }
}

/// The rows of a table that `-top` has printed.
#[track_caller]
fn rows(text: &str) -> Vec<Row> {
    let mut lines = text.lines();
    let head = lines.find(|line| line.trim_start().starts_with("flat"));
    assert!(head.is_some(), "no table: {text}");
    let row = |line: &str| {
        let mut fields = line.split_whitespace();
        let mut number = || {
            let field = fields.next()?;
            let unit = field.find(|c: char| c.is_ascii_alphabetic() || c == '%');
            field[..unit.unwrap_or(field.len())].parse::<f64>().ok()
        };
        let (flat, flat_percent) = (number()?, number()?);
        let (_sum, _cum) = (number()?, number()?);
        let cum_percent = number()?;
        let name = fields.collect::<Vec<_>>().join(" ");
        Some(Row {
            flat,
            flat_percent,
            cum_percent,
            name,
        })
    };
    lines
        .map(|line| row(line).unwrap_or_else(|| panic!("no row: {line}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Row, rows};

    #[test]
    fn a_table_is_understood() {
        let text = "File: gaxx-mon\nType: cpu\nDuration: 2s, Total samples = 1.5s\n\
            Showing nodes accounting for 1.50s, 100% of 1.50s total\n      \
            flat  flat%   sum%        cum   cum%\n     \
            1.20s 80.00% 80.00%      1.30s 86.67%  <a as b::C<d>>::e f.rs:7 (inline)\n         \
            0     0%   100%      1.50s   100%  main\n";
        let row = |flat, flat_percent, cum_percent, name: &str| Row {
            flat,
            flat_percent,
            cum_percent,
            name: name.to_owned(),
        };
        let expected = [
            row(1.2, 80.0, 86.67, "<a as b::C<d>>::e f.rs:7 (inline)"),
            row(0.0, 0.0, 100.0, "main"),
        ];
        assert_eq!(rows(text), expected);
    }
}
