//! The files of a new agent.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use thiserror::Error;

/// A file to be made.
pub(super) struct File {
    name: &'static str,
    content: String,
    mode: u32,
}

/// Why nothing was made, or not all.
#[derive(Debug, Error)]
pub(super) enum InitError {
    /// It is there already.
    #[error("{} is there already, and is not overwritten: choose another folder", .0.display())]
    There(PathBuf),
    /// It cannot be made.
    #[error("{} cannot be made: {source}: choose a folder that you may write to", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the CA cannot be read.
    #[error("{} cannot be read: {source}: --ca names a folder that an earlier init has made", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is there is no CA.
    #[error("{} holds no CA to sign with: {reason}: --ca names a folder that an earlier init has made", folder.display())]
    Authority {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A name cannot be in a certificate.
    #[error("{what} cannot be in a certificate: {reason}: use host names and addresses")]
    Name {
        /// The names.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// A key or certificate cannot be made.
    #[error("no certificate can be made: {0}: report this")]
    Certificate(#[from] rcgen::Error),
}

impl File {
    /// One that everybody may read.
    pub(super) fn public(name: &'static str, content: &str) -> Self {
        Self {
            name,
            content: content.to_owned(),
            mode: 0o644,
        }
    }

    /// One that only its owner may read.
    pub(super) fn secret(name: &'static str, content: &str) -> Self {
        Self {
            mode: 0o600,
            ..Self::public(name, content)
        }
    }
}

/// Makes the folder, where there is none, and the files in it. Where one of them is there nothing
/// is made.
pub(super) fn write(folder: &Path, files: &[File]) -> Result<(), InitError> {
    let there = files.iter().map(|file| folder.join(file.name));
    if let Some(there) = there
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok())
    {
        return Err(InitError::There(there));
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| InitError::Write { path, source }
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed(folder))?;
    for file in files {
        let path = folder.join(file.name);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(file.mode)
            .open(&path)
            .and_then(|mut opened| {
                opened.write_all(file.content.as_bytes())?;
                opened.sync_all()
            });
        written.map_err(failed(&path))?;
    }
    Ok(())
}
