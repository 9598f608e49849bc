//! Why a program gave no result.

use std::{io, time::Duration};

use gaxx_sdk::{Error, ErrorKind, Size};
use rustix::io::Errno;

use super::End;

/// Why a program gave no result. The messages name the program, never its arguments: they may be
/// secrets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It could not be begun.
    #[error("cannot run {program}: {error}")]
    Spawn {
        program: String,
        error: io::Error,
        remedy: String,
    },
    /// It ran too long, and was ended.
    #[error("{program} was ended because it ran longer than {}", seconds(*.limit))]
    TooSlow { program: String, limit: Duration },
    /// It printed too much, and was ended.
    #[error("{program} was ended because it printed more than {}", .limit)]
    TooMuch { program: String, limit: Size },
    /// It was ended because the component is being stopped.
    #[error("{program} was ended because its component is being stopped")]
    Cancelled { program: String },
    /// It ended badly.
    #[error("{program} {end}{}", said(.stderr))]
    Ended {
        program: String,
        end: End,
        stderr: String,
    },
    /// The one that was run before is still there, although it was killed.
    #[error("{program} is not run again: the kernel has not yet let go of the one before")]
    Lingers { program: String },
    /// Its output could not be waited for.
    #[error("cannot wait for {program}: {error}")]
    Wait { program: String, error: io::Error },
}

impl Failure {
    pub(super) fn spawn(program: &str, folder: &std::path::Path, error: io::Error) -> Self {
        let remedy = match Errno::from_io_error(&error) {
            _ if !folder.is_dir() => {
                format!("make the working folder {}, or name another one", folder.display())
            }
            Some(Errno::NOENT) if std::path::Path::new(program).exists() => {
                "the interpreter in its first line (`#!`) is not there; install it, or correct the line".to_owned()
            }
            Some(Errno::NOENT | Errno::NOTDIR) => "install it, or correct the path in `command`".to_owned(),
            Some(Errno::ACCESS | Errno::PERM) => format!(
                "make it executable for the user that gaxx-mon runs as: chmod a+rx {program}"
            ),
            Some(Errno::NOEXEC) => {
                "begin a script with a line such as #!/bin/sh, and use a program built for this machine".to_owned()
            }
            Some(Errno::TXTBSY) => {
                "it is being written; put a new version in place by a rename".to_owned()
            }
            _ => "run it by hand as the user that gaxx-mon runs as".to_owned(),
        };
        Self::Spawn {
            program: program.to_owned(),
            error,
            remedy,
        }
    }

    /// As the SDK has it. (All errors convert into the SDK's by themselves, without a remedy.)
    pub(crate) fn into_error(self) -> Error {
        let (kind, remedy) = match &self {
            Self::Spawn { remedy, .. } => (ErrorKind::Failed, remedy.clone()),
            Self::TooSlow { .. } => (
                ErrorKind::Deadline,
                "make it faster, or raise `timeout` and the deadline of the component".to_owned(),
            ),
            Self::TooMuch { .. } => (
                ErrorKind::Limit,
                "make it print less, or raise `max_output`".to_owned(),
            ),
            Self::Cancelled { .. } => (ErrorKind::Cancelled, String::new()),
            Self::Ended { .. } => (
                ErrorKind::Failed,
                "run it by hand as the user that gaxx-mon runs as".to_owned(),
            ),
            Self::Lingers { .. } => (
                ErrorKind::Failed,
                "look at what it waits for; a dead file server or disk does this".to_owned(),
            ),
            Self::Wait { .. } => (
                ErrorKind::Failed,
                "this needs Linux 5.3 or newer".to_owned(),
            ),
        };
        Error::new(kind, self.to_string()).remedy(remedy)
    }
}

fn seconds(limit: Duration) -> String {
    format!("{:.1} s", limit.as_secs_f64())
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!(", saying: {stderr}")
    }
}

/// The last line that says something, shortened.
pub(crate) fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or_default();
    line.trim().chars().take(300).collect()
}
