//! The profile as it came, in a file.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::durable;

/// Only the owner may read it: the addresses in it tell how the program lies in memory.
const MODE: u32 = 0o600;

/// Why the profile is not in the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    /// A rename would put the file in the place of the device, the link or the folder.
    #[error("{} is there and is no plain file: name another with -o, or remove it", .0.display())]
    Unfit(PathBuf),
    /// Its folder cannot take it.
    #[error("{} cannot be written: {error}: name another file with -o", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Whether a profile may be put there.
pub(super) fn check(file: &Path) -> Result<(), SaveError> {
    match file.symlink_metadata() {
        Ok(there) if !there.is_file() => return Err(SaveError::Unfit(file.to_owned())),
        _ => {}
    }
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    let is_folder = folder.unwrap_or(Path::new(".")).metadata();
    let is_folder = is_folder.and_then(|folder| {
        if folder.is_dir() && file.file_name().is_some() {
            Ok(())
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    });
    is_folder.map_err(|error| failed(file, error))
}

/// Puts the profile there, whole or not at all.
pub(super) fn save(file: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    // Again: minutes may have passed.
    check(file)?;
    durable::put(file, bytes, MODE).map_err(|error| failed(file, error))
}

fn failed(file: &Path, error: io::Error) -> SaveError {
    let path = file.to_owned();
    SaveError::Write { path, error }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        check(&file).unwrap();
        save(&file, b"one").unwrap();
        save(&file, b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for unfit in [Path::new("/dev/null"), folder.path(), &link] {
            let error = save(unfit, b"x").unwrap_err();
            assert!(matches!(error, SaveError::Unfit(_)), "{error}");
        }
        let missing = folder.path().join("none/a");
        let error = check(&missing).unwrap_err().to_string();
        assert!(
            error.contains("none/a cannot be written: No such"),
            "{error}"
        );
        check(&file.join("a")).unwrap_err();
    }
}
