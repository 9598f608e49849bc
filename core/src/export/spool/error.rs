//! What can go wrong with a spool.

use std::{io, path::PathBuf};

use thiserror::Error;

/// What can go wrong with a spool.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// Another program has it.
    #[error(
        "the spool {} is in use: another gaxx-mon runs with the same state_folder",
        folder.display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The system refused something.
    #[error("the spool cannot {doing} {}: {error}", path.display())]
    System {
        /// What was to be done.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A batch is larger than a segment may be.
    #[error("a batch of {size} bytes does not fit into a spool whose parts have {limit}")]
    TooLarge {
        /// The batch and its descriptions, in bytes.
        size: u64,
        /// What a segment may have.
        limit: u64,
    },
}

impl SpoolError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "stop the other one, or give each a state_folder",
            Self::System { .. } => "make room on the disk, or let this user write to state_folder",
            Self::TooLarge { .. } => {
                "raise spool.max_size of the exporter, or drop series by relabel"
            }
        }
    }
}

/// Says with what the system had trouble.
pub(super) fn system<'a>(
    doing: &'static str,
    path: &'a std::path::Path,
) -> impl FnOnce(io::Error) -> SpoolError + 'a {
    move |error| SpoolError::System {
        doing,
        path: path.to_owned(),
        error,
    }
}
