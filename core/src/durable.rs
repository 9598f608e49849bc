//! Files that appear whole, and stay through a loss of power.

use std::{
    ffi::OsString,
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Writes a file that appears whole, in the place of one that is there, and stays through a loss of
/// power. Meanwhile it is beside its place, by a name that begins with a dot.
pub(crate) fn put(file: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let Some(name) = file.file_name() else {
        return Err(io::ErrorKind::IsADirectory.into());
    };
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut part = OsString::from(".");
    part.push(name);
    part.push(format!(".{}.part", std::process::id()));
    let part = folder.join(part);
    let write = || {
        // What an earlier process of this number left.
        let _ = fs::remove_file(&part);
        let mut out = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)?;
        out.write_all(bytes)?;
        out.set_permissions(Permissions::from_mode(mode))?;
        out.sync_all()?;
        fs::rename(&part, file)?;
        File::open(folder)?.sync_all()
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_replaces_what_is_there_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        put(&file, b"one", 0o644).unwrap();
        put(&file, b"two", 0o600).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_put_in_place_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("a");
        fs::create_dir(&taken).unwrap();
        assert!(put(&taken, b"x", 0o600).is_err());
        assert!(put(&folder.path().join("none/a"), b"x", 0o600).is_err());
        assert!(put(Path::new("/"), b"x", 0o600).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
