//! Why the journal cannot be used.

use std::{io, path::PathBuf};

/// Why the journal cannot be used. Requests with a key are refused then: whether they have run
/// cannot be known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("another program or another version of this plugin writes {0}")]
    InUse(PathBuf),
    #[error("{path} is damaged at byte {offset}")]
    Damaged { path: PathBuf, offset: u64 },
    #[error("what was written could not be made durable: {0}")]
    Broken(String),
    #[error("as many keys are known as may be: {0}")]
    ManyKeys(usize),
    #[error("the keys that are known take as much disk as they may: {0} bytes")]
    ManyBytes(u64),
    #[error("the host gives no folder: {0}")]
    NoFolder(String),
}

impl JournalError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |error| Self::File { path, error }
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> String {
        let text = match self {
            Self::File { error, .. } if error.kind() == io::ErrorKind::StorageFull => {
                "free space on the disk of the state folder; requests without a key do not need it"
            }
            Self::File { .. } | Self::NoFolder(_) => {
                "let the agent's user read and write its state folder"
            }
            Self::InUse(_) => "try again in a second; one state folder is for one agent",
            Self::Damaged { path, .. } => {
                return format!(
                    "look at the disk; then move {} away, after which its keys are new ones",
                    path.display()
                );
            }
            Self::Broken(_) => "look at the disk, and start the agent again",
            Self::ManyKeys(_) => "raise plugins.agent-exec.idempotency.max_keys, or lower its keep",
            Self::ManyBytes(_) => {
                "raise plugins.agent-exec.idempotency.max_size, or lower its keep"
            }
        };
        text.to_owned()
    }
}
