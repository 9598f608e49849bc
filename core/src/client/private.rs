//! Files that hold secrets.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Why a file with a secret was not read.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read or change it.
    #[error(
        "others may read or change {}, which holds a secret (its mode is {mode:03o}): take a new secret if they may have read it, and run: chmod 600 {}",
        file.display(), file.display()
    )]
    Open {
        /// The file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is too large for what it should hold.
    #[error("{} is larger than {limit} bytes: it is another file", file.display())]
    Large {
        /// The file.
        file: PathBuf,
        /// The most it may hold, in bytes.
        limit: u64,
    },
}

/// Reads a file that nobody but its owner may read or change, of at most `limit` bytes.
pub fn read(file: &Path, limit: u64) -> Result<Vec<u8>, PrivateFileError> {
    let failed = |source| PrivateFileError::Read {
        file: file.to_owned(),
        source,
    };
    let mut opened = File::open(file).map_err(failed)?;
    // Asked of what was opened, so that nobody puts another in its place in between.
    let mode = opened.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(PrivateFileError::Open {
            file: file.to_owned(),
            mode,
        });
    }
    let mut bytes = Vec::new();
    let read = opened.by_ref().take(limit + 1).read_to_end(&mut bytes);
    if read.map_err(failed)? as u64 > limit {
        return Err(PrivateFileError::Large {
            file: file.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn file(folder: &Path, mode: u32) -> PathBuf {
        let file = folder.join("secret");
        fs::write(&file, "hunter2").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn only_its_owner_may_have_it() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o400, 0o700] {
            assert_eq!(read(&file(folder.path(), mode), 7).unwrap(), b"hunter2");
        }
        for mode in [0o640, 0o604, 0o602, 0o620, 0o601] {
            let error = read(&file(folder.path(), mode), 7).unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn what_is_missing_or_too_large_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(&file(folder.path(), 0o600), 6).unwrap_err();
        assert!(error.to_string().contains("larger than 6 bytes"));
        let error = read(&folder.path().join("none"), 6).unwrap_err();
        assert!(error.to_string().contains("none: No such file"), "{error}");
    }
}
