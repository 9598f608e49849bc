//! A folder on its way here, and how it gets into its place.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use rustix::fs::syncfs;

use super::{
    TransferError, meta,
    partial::{place, sync_folder},
};

/// A folder on its way here, beside its place. Dropped, it is removed.
#[derive(Debug)]
pub(super) struct Staged {
    path: PathBuf,
    target: PathBuf,
}

impl Staged {
    /// A new one for this target.
    pub(super) fn new(target: &Path) -> Result<Self, TransferError> {
        if target.exists() && !target.is_dir() {
            return Err(TransferError::Unfit {
                path: target.to_owned(),
                why: "is a file, and a folder comes: name another place, or remove it",
            });
        }
        let (folder, mut name) = place(target, "folder-")?;
        name.push(std::process::id().to_string());
        let path = folder.join(name);
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(TransferError::local("cannot make", &path))?;
        let target = target.to_owned();
        Ok(Self { path, target })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it durable and puts it in place: by one rename where nothing is there, file by file
    /// into a folder that is.
    pub(super) fn publish(self) -> Result<(), TransferError> {
        let put = || {
            syncfs(File::open(&self.path)?)?;
            if self.target.is_dir() {
                merge(&self.path, &self.target)?;
            } else {
                fs::rename(&self.path, &self.target)?;
            }
            sync_folder(&self.target)
        };
        put().map_err(TransferError::local("cannot put in place", &self.target))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After a rename nothing is there any more.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Moves what is in one folder into another; each file replaces what is there in one step.
fn merge(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let is_folder = target.symlink_metadata().is_ok_and(|there| there.is_dir());
        if entry.file_type()?.is_dir() && is_folder {
            merge(&entry.path(), &target)?;
        } else {
            fs::rename(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Makes a folder into which more comes, and those above it.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Gives a folder these permissions and this time.
pub(super) fn settle_folder(
    path: &Path,
    mode: u32,
    modified: Option<(i64, i64)>,
) -> io::Result<()> {
    meta::set(&File::open(path)?, mode, modified)
}
