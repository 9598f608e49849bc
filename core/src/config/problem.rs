//! What is wrong with a configuration, where, and what to do about it.

use std::fmt;
use std::path::PathBuf;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The first character of a text.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl Default for Position {
    fn default() -> Self {
        Self::START
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The configuration file.
    File {
        /// Its path, as it was given.
        path: PathBuf,
        /// Where in it; none if it could not be read.
        at: Option<Position>,
    },
    /// An environment variable, by name.
    Variable(String),
    /// An argument of the command line, by its flag.
    CommandLine(String),
    /// Nothing the user wrote: a default, or something that is missing.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, at: Some(at) } => {
                write!(f, "{}:{}:{}", path.display(), at.line, at.column)
            }
            Self::File { path, at: None } => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::CommandLine(flag) => write!(f, "command line {flag}"),
            Self::Default => f.write_str("configuration"),
        }
    }
}

/// Whether the program can start all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but the user should know.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was written.
    pub origin: Origin,
    /// The key it concerns, with dots between the levels; empty for the file as a whole.
    pub key: String,
    /// What is wrong. It never holds the value of a secret.
    pub message: String,
    /// What was probably meant: a key or a value.
    pub suggestion: Option<String>,
    /// Whether it stops the start.
    pub severity: Severity,
}

impl Problem {
    /// Whether it leaves open which libraries are trusted: an error in `plugins.trust`, in a
    /// plugin's `min_version`, in a section that has them, or in a variable that may mean them.
    pub(super) fn concerns_trust(&self) -> bool {
        if self.severity != Severity::Error {
            return false;
        }
        let levels: Vec<&str> = self.key.split('.').collect();
        match (levels.as_slice(), &self.origin) {
            ([""], Origin::Variable(name)) => name.starts_with("GAXX_PLUGINS"),
            (["" | "plugins"] | ["plugins", "trust", ..], _) => true,
            // A plugin's section that is none; `folders` and the like hold no trust.
            (["plugins", .., last], _) => *last == "min_version" || levels.len() == 2,
            _ => false,
        }
    }
}

impl fmt::Display for Problem {
    /// `config.yaml:4:3: telemetry.monitoring_prt: unknown key; did you mean …?`, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

/// All that is wrong, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Puts problems into the order in which a reader meets them: environment and command line
    /// after the file.
    pub(crate) fn sorted(mut problems: Vec<Problem>) -> Self {
        problems
            .sort_by(|a, b| (&a.origin, &a.key, &a.message).cmp(&(&b.origin, &b.key, &b.message)));
        problems.dedup();
        Self(problems)
    }

    /// Each problem.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// Whether one of them stops the start.
    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    /// One line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
