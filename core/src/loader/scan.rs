//! Finds the libraries of the folders.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{
    error::{LoadError, Refusal},
    file,
};

/// What a folder has, for one line in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// There is no such folder.
    Missing,
    /// Nothing in it is named like a library.
    Empty,
    /// The paths named `*.so`, sorted by name.
    Found(Vec<PathBuf>),
}

/// Looks into a folder.
///
/// What is named `*.so` counts, whatever it is, so that a link or a pipe of that name becomes a
/// visible refusal. Everything else is passed over: source folders, other files, and hidden names,
/// which tools use for files that are not yet whole.
///
/// # Errors
///
/// The folder cannot be read, or others may write to it.
pub fn scan(folder: &Path) -> Result<Scan, LoadError> {
    match candidates(folder) {
        Ok(None) => Ok(Scan::Missing),
        Ok(Some(paths)) if paths.is_empty() => Ok(Scan::Empty),
        Ok(Some(paths)) => Ok(Scan::Found(paths)),
        Err(refusal) => Err(LoadError::new(folder, refusal)),
    }
}

fn candidates(folder: &Path) -> Result<Option<Vec<PathBuf>>, Refusal> {
    let unreadable = |error: io::Error| Refusal::FolderUnreadable(error.to_string());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(Refusal::NotAFolder);
        }
        entries => entries.map_err(unreadable)?,
    };
    file::Folder::open(folder)?.check()?;
    let mut paths = Vec::new();
    for entry in entries {
        let name = entry.map_err(unreadable)?.file_name();
        if is_library(&name) {
            paths.push(folder.join(name));
        }
    }
    paths.sort();
    Ok(Some(paths))
}

/// Whether a file of this name is taken for a library.
pub(super) fn is_library(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.ends_with(b".so") && !name.starts_with(b".")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn missing_and_empty_folders_are_fine() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(scan(&folder.path().join("none")), Ok(Scan::Missing));
        fs::create_dir(folder.path().join("source")).unwrap();
        fs::write(folder.path().join("README.md"), "").unwrap();
        fs::write(folder.path().join("libx.so.1"), "").unwrap();
        fs::write(folder.path().join(".libx.so"), "").unwrap();
        assert_eq!(scan(folder.path()), Ok(Scan::Empty));
    }

    #[test]
    fn all_that_is_named_like_a_library_is_found_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("b.so"), "").unwrap();
        fs::create_dir(at("c.so")).unwrap();
        symlink("nowhere", at("a.so")).unwrap();
        let expected = vec![at("a.so"), at("b.so"), at("c.so")];
        assert_eq!(scan(folder.path()), Ok(Scan::Found(expected)));
    }

    #[test]
    fn a_file_is_not_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "").unwrap();
        assert_eq!(scan(&path).unwrap_err().reason(), "not_a_folder");
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = scan(folder.path()).unwrap_err();
        assert_eq!(error.reason(), "folder_mode");
        assert!(error.to_string().contains("chmod go-w"), "{error}");
    }
}
