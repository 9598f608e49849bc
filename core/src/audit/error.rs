//! Why a record is not in the log.

use std::{io, path::Path, path::PathBuf};

use gaxx_abi::{
    Fault,
    abi_std::{RString, RVec},
    fault::kind,
};

use super::record::{LONGEST, RecordError};

/// Why the audit log cannot be kept, or a record is not in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Something in the log's folder cannot be made, opened or read.
    #[error("the audit log cannot be opened: {}: {text}", path.display())]
    Open {
        /// The folder, or a file in it.
        path: PathBuf,
        /// What the system says.
        text: String,
    },
    /// Others could read or change the log.
    #[error("the audit log is not safe: {} {wrong}", path.display())]
    Exposed {
        /// The folder, or a file in it.
        path: PathBuf,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// Another process keeps a log there.
    #[error("another agent keeps its audit log in {}", .0.display())]
    InUse(PathBuf),
    /// The record is none.
    #[error("the audit record is refused: {0}")]
    Record(#[from] RecordError),
    /// It was not written, and nothing of it is left.
    #[error("the audit log cannot be written: {}: {text}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system says.
        text: String,
    },
    /// The system could not say that it is on the disk.
    #[error("the audit record is not durable: {}: {text}", file.display())]
    Sync {
        /// The file.
        file: PathBuf,
        /// What the system says.
        text: String,
    },
    /// The time was up first; it may still be written.
    #[error("the audit record was not durable in time; it may still be written")]
    Late,
    /// As many bytes as may wait do so.
    #[error("the audit log is behind: {0} bytes of records wait to be written")]
    Full(usize),
    /// The thread that writes has ended.
    #[error("the audit log is closed")]
    Closed,
}

impl AuditError {
    pub(super) fn open(path: &Path, error: &io::Error) -> Self {
        Self::Open {
            path: path.to_owned(),
            text: error.to_string(),
        }
    }

    pub(super) fn write(file: &Path, error: &io::Error) -> Self {
        Self::Write {
            file: file.to_owned(),
            text: error.to_string(),
        }
    }

    pub(super) fn sync(file: &Path, error: &io::Error) -> Self {
        Self::Sync {
            file: file.to_owned(),
            text: error.to_string(),
        }
    }

    /// The error as a word, one of [`AuditError::REASONS`].
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Open { .. } | Self::Exposed { .. } | Self::InUse(_) => "open",
            Self::Record(_) => "record",
            Self::Write { .. } => "write",
            Self::Sync { .. } => "sync",
            Self::Late => "late",
            Self::Full(_) => "full",
            Self::Closed => "closed",
        }
    }

    /// All words that [`AuditError::reason`] answers for records of a log that is open.
    pub const REASONS: [&str; 6] = ["closed", "full", "late", "record", "sync", "write"];

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Open { .. } => {
                "the agent must be able to make and write the folder audit in its \
                 state_folder; or set audit.enabled: false to keep no log"
                    .to_owned()
            }
            Self::Exposed { path, .. } => format!(
                "give it to the agent's user alone: chown, then chmod go= {}",
                path.display()
            ),
            Self::InUse(_) => {
                "stop the other agent, or give this one a state_folder of its own".to_owned()
            }
            Self::Record(error) => error.remedy(),
            Self::Write { .. } | Self::Full(_) => {
                "make room on the disk of state_folder; the log goes on by itself, and until then \
                 nothing is done that must be recorded"
                    .to_owned()
            }
            Self::Sync { .. } => {
                "look at the disk of state_folder (dmesg); the log goes on in a new file".to_owned()
            }
            Self::Late => "look at the load of the disk of state_folder".to_owned(),
            Self::Closed => "start the agent again".to_owned(),
        }
    }
}

impl From<&AuditError> for Fault {
    fn from(error: &AuditError) -> Self {
        let kind = match error {
            AuditError::Record(_) => kind::PERMANENT,
            AuditError::Late => kind::DEADLINE,
            AuditError::Full(_) => kind::LIMIT,
            AuditError::Closed => kind::CANCELLED,
            _ => kind::FAILED,
        };
        Self {
            kind,
            message: error.to_string().into(),
            remedy: RString::from(error.remedy()),
            retry_after: 0,
            attributes: RVec::new(),
        }
    }
}

impl RecordError {
    fn remedy(&self) -> String {
        match self {
            Self::TooLong(_) => {
                format!("a record has at most {LONGEST} bytes: shorten what it quotes")
            }
            _ => "a record is one JSON object with fields of its own".to_owned(),
        }
    }
}
