//! Puts a library into a folder of plugins, so that at no moment a gaxx-mon that looks there finds
//! half of it.
//!
//! Library and signature are two files, and only one can be renamed at a time. So while a version
//! replaces another, the signature file holds the signatures of both:
//!
//! | Step | `NAME.so` | `NAME.so.minisig` |
//! |---|---|---|
//! | before | old | old |
//! | 1 | old | old and new |
//! | 2 | new | old and new |
//! | 3 | new | new |
//!
//! A first signature for a library that had none comes after the library, since it would not fit
//! the old one; and the signature that a new version no longer has goes before.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Examination, Inspected, LoadError, Scan, Trust,
    file::Folder,
    scan::{is_library, scan},
    signature,
};
use crate::durable;

/// What became of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Where the library is now.
    pub file: PathBuf,
    /// The version that was there before.
    pub replaced: Option<String>,
}

/// Why a library is not installed. The folder is as it was, or has the new version with both
/// signatures beside it, which is as good.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It would not be loaded.
    #[error(transparent)]
    Refused(#[from] LoadError),
    /// It has a name that is passed over in a folder of plugins.
    #[error(
        "{}: libraries in a plugin folder are found by names that end in .so and do not begin with \
         a dot; rename it", .0.display()
    )]
    Name(PathBuf),
    /// There is no such folder.
    #[error("{folder} does not exist; make it: install -d -m 755 {folder}", folder = .0.display())]
    NoFolder(PathBuf),
    /// The folder is one that nothing is loaded from.
    #[error("nothing is loaded from that folder: {0}")]
    Folder(LoadError),
    /// There is another file of that name.
    #[error("{} is {what}; remove it, or give the new library another file name", file.display())]
    Occupied {
        /// The file that is there.
        file: PathBuf,
        /// What it is.
        what: String,
    },
    /// Another file is the same plugin, and two of one name are both refused.
    #[error(
        "{} is plugin {name} too, and of two of one name none is loaded; remove it, or give the new \
         library its file name", file.display()
    )]
    Duplicate {
        /// The other file.
        file: PathBuf,
        /// The name of both.
        name: String,
    },
    /// The folder cannot be written to.
    #[error("{} cannot be written: {error}; {}", file.display(), remedy(error))]
    Write {
        /// The file that was to be written.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room there",
        io::ErrorKind::ReadOnlyFilesystem => "mount it writable, or name another folder with --to",
        io::ErrorKind::PermissionDenied => "run this as the owner of the folder",
        _ => "see to it, or name another folder with --to",
    }
}

/// Puts an examined library, the very bytes that were examined, into `folder`, with its signature
/// beside it. `folders` are all that plugins are loaded from; `max_size` is as for
/// [`Examination::of`].
pub fn install(
    library: &Examination,
    folder: &Path,
    folders: &[PathBuf],
    max_size: u64,
) -> Result<Installed, InstallError> {
    let new = library.verdict()?;
    // The name is that of a file, since it was read.
    let name = library.file.file_name().unwrap_or_default();
    if !is_library(name) {
        return Err(InstallError::Name(library.file.clone()));
    }
    if matches!(folder.try_exists(), Ok(false)) {
        return Err(InstallError::NoFolder(folder.to_owned()));
    }
    Folder::open(folder)
        .and_then(|opened| opened.check())
        .map_err(|refusal| InstallError::Folder(LoadError::new(folder, refusal)))?;
    let target = folder.join(name);
    let old = present(&target, new, max_size)?;
    alone(&target, new, folder, folders, max_size)?;
    let replaced = old
        .as_ref()
        .and_then(Examination::described)
        .map(|old| old.version.clone());
    replace(folder, name, library, old.as_ref())?;
    Ok(Installed {
        file: target,
        replaced,
    })
}

/// The version that is to be replaced, if there is one.
fn present(
    target: &Path,
    new: &Inspected,
    max_size: u64,
) -> Result<Option<Examination>, InstallError> {
    if fs::symlink_metadata(target).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let occupied = |what: String| InstallError::Occupied {
        file: target.to_owned(),
        what,
    };
    // Nothing is asked of what goes.
    let old = Examination::of(target, max_size, &Trust::default());
    match old.described() {
        Some(described) if described.name == new.name => Ok(Some(old)),
        Some(other) => Err(occupied(format!("another plugin, {}", other.name))),
        None => Err(occupied("there and is no plugin".to_owned())),
    }
}

/// Sees that no other file is the same plugin.
fn alone(
    target: &Path,
    new: &Inspected,
    folder: &Path,
    folders: &[PathBuf],
    max_size: u64,
) -> Result<(), InstallError> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let own = real(target);
    for folder in folders.iter().map(PathBuf::as_path).chain([folder]) {
        // A folder that cannot be read has nothing that is loaded.
        let Ok(Scan::Found(files)) = scan(folder) else {
            continue;
        };
        for file in files.into_iter().filter(|file| real(file) != own) {
            let other = Examination::of(&file, max_size, &Trust::default());
            if other
                .described()
                .is_some_and(|other| other.name == new.name)
            {
                return Err(InstallError::Duplicate {
                    file,
                    name: new.name.clone(),
                });
            }
        }
    }
    Ok(())
}

fn replace(
    folder: &Path,
    name: &OsStr,
    library: &Examination,
    old: Option<&Examination>,
) -> Result<(), InstallError> {
    let contents = &library.contents;
    let beside = signature::file_name(name);
    let signature = contents.signature.as_ref();
    let signature = signature.map_err(|refusal| LoadError::new(&library.file, refusal.clone()))?;
    // One that cannot be read serves nobody.
    let old_signature = old.and_then(|old| old.contents.signature.as_ref().ok()?.as_deref());
    match (signature, old_signature) {
        (Some(new), Some(old)) => put(folder, &beside, &[old, b"\n", new].concat(), 0o644)?,
        (Some(new), None) if old.is_none() => put(folder, &beside, new, 0o644)?,
        (Some(_), None) => {}
        (None, _) => remove(folder, &beside)?,
    }
    put(folder, name, &contents.library, 0o755)?;
    match signature {
        Some(new) if old.is_some() => put(folder, &beside, new, 0o644),
        _ => Ok(()),
    }
}

/// Writes a file of the folder. Names that begin with a dot, as it has one until it is whole, are
/// passed over by who looks for libraries.
fn put(folder: &Path, name: &OsStr, bytes: &[u8], mode: u32) -> Result<(), InstallError> {
    let file = folder.join(name);
    durable::put(&file, bytes, mode).map_err(|error| InstallError::Write { file, error })
}

fn remove(folder: &Path, name: &OsStr) -> Result<(), InstallError> {
    let file = folder.join(name);
    // A system that is mounted read-only would complain of a file that is not there, too.
    if fs::symlink_metadata(&file).is_err() {
        return Ok(());
    }
    fs::remove_file(&file).map_err(|error| InstallError::Write { file, error })
}
