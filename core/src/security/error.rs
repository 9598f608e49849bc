//! Why a listener cannot be secured as it was asked to be.

use std::path::PathBuf;

use thiserror::Error;

/// A certificate, a key, a token or a web configuration that cannot be used. No message repeats
/// what is in a file.
#[derive(Debug, Error)]
pub enum SecurityError {
    /// The file cannot be read.
    #[error("{setting}: {} cannot be read: {reason}: check path and mode of the file", path.display())]
    Unreadable {
        /// The key that names the file.
        setting: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Others than the program's user could read a secret.
    #[error(
        "{setting}: {} has mode {mode:04o}, so others than its owner can read the secret in it: \
         chmod 600 it, and replace the secret if somebody may have seen it",
        path.display()
    )]
    Exposed {
        /// The key that names the file.
        setting: String,
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others than the program's user could exchange what is in the file.
    #[error(
        "{setting}: {} has mode {mode:04o}, so everybody can change it: chmod o-w it",
        path.display()
    )]
    Writable {
        /// The key that names the file.
        setting: String,
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Somebody else owns a secret.
    #[error(
        "{setting}: {} belongs to user {owner}, who could read and exchange it: it has to belong to \
         user {own}, as whom this program runs, or to root",
        path.display()
    )]
    Owner {
        /// The key that names the file.
        setting: String,
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// The program's user.
        own: u32,
    },
    /// The file does not hold what it should.
    #[error("{setting}: {} {fault}: {remedy}", path.display())]
    Content {
        /// The key that names the file.
        setting: String,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: String,
        /// What to do.
        remedy: String,
    },
    /// A setting that is wrong by itself.
    #[error("{setting} {fault}: {remedy}")]
    Setting {
        /// The key.
        setting: String,
        /// What is wrong.
        fault: String,
        /// What to do.
        remedy: String,
    },
}

/// A file, and the key of the configuration that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedFile {
    pub(super) setting: String,
    pub(super) path: PathBuf,
}

impl NamedFile {
    pub(super) fn new(setting: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            setting: setting.into(),
            path: path.into(),
        }
    }

    pub(super) fn unreadable(&self, reason: impl std::fmt::Display) -> SecurityError {
        SecurityError::Unreadable {
            setting: self.setting.clone(),
            path: self.path.clone(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn content(
        &self,
        fault: impl Into<String>,
        remedy: impl Into<String>,
    ) -> SecurityError {
        SecurityError::Content {
            setting: self.setting.clone(),
            path: self.path.clone(),
            fault: fault.into(),
            remedy: remedy.into(),
        }
    }
}
