//! Why something was not moved.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::client::ClientError;

/// Why something was not moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The node, or the way to it.
    #[error(transparent)]
    Node(#[from] ClientError),
    /// A file or folder of this machine.
    #[error("{what} {}: {source}", path.display())]
    Local {
        /// What could not be done.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file or folder of this machine is not what is needed.
    #[error("{} {why}", path.display())]
    Unfit {
        /// Which.
        path: PathBuf,
        /// What is the matter, and what to do.
        why: &'static str,
    },
    /// What arrived is not what was sent.
    #[error(
        "{what} differs: its BLAKE3 is {here} here and {there} at the node; see that nobody writes to it meanwhile, and move it again"
    )]
    Differs {
        /// Which file.
        what: String,
        /// The digest at this end, in hexadecimal digits.
        here: String,
        /// The digest at the other.
        there: String,
    },
    /// The tar stream of a folder has something that is not taken.
    #[error("the node sent {what} for {}: nothing was put in place; look at what is there", path.display())]
    Archive {
        /// What it is.
        what: String,
        /// For which path.
        path: PathBuf,
    },
}

impl TransferError {
    /// For the errors of the system with a file: `.map_err(TransferError::local("cannot read", path))`.
    pub(super) fn local(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Local { what, path, source }
    }

    /// How long to wait before it is worth another try, at least; none if it would come to the same.
    pub(super) fn retry(&self) -> Option<Duration> {
        match self {
            Self::Node(error) => error.retry(),
            _ => None,
        }
    }
}
