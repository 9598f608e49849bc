//! The folder of the log: who may enter it, and the names in it.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::{
        fd::OwnedFd,
        unix::fs::{DirBuilderExt, MetadataExt},
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{
        AtFlags, FlockOperation, Mode, OFlags, RenameFlags, flock, fstat, fsync, open, openat,
        renameat_with, unlinkat,
    },
    io::{Errno, retry_on_intr},
    process::geteuid,
};

use super::AuditError;

const PREFIX: &str = "audit-";
const SUFFIX: &str = ".jsonl";
/// Where what was left of a torn write goes.
const TORN: &str = "torn-";

/// The name of the file that begins with this record.
pub(super) fn file_name(first: u64) -> String {
    format!("{PREFIX}{first:020}{SUFFIX}")
}

/// The first record of each file in a folder, in order.
pub(super) fn files(folder: &Path) -> io::Result<Vec<u64>> {
    let mut files: Vec<u64> = names(folder)?
        .filter_map(|name| {
            let first = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
            let first = first.parse().ok()?;
            // Each record has one name only.
            (file_name(first) == name).then_some(first)
        })
        .collect();
    files.sort_unstable();
    Ok(files)
}

/// The files with what was set aside, oldest first.
pub(super) fn torn(folder: &Path) -> io::Result<Vec<String>> {
    let mut torn: Vec<String> = names(folder)?
        .filter(|name| name.starts_with(TORN))
        .collect();
    torn.sort_unstable();
    Ok(torn)
}

fn names(folder: &Path) -> io::Result<impl Iterator<Item = String>> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let names = entries.into_iter();
    Ok(names.filter_map(|entry| entry.file_name().into_string().ok()))
}

/// The folder of a log that this process keeps: nobody else enters it, and no other agent writes
/// there while this is held.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    descriptor: OwnedFd,
}

impl Folder {
    /// Makes the folder if it is not there, checks that it is this user's alone, and takes its lock.
    pub(super) fn open(path: &Path) -> Result<Self, AuditError> {
        let failed = |error: io::Error| AuditError::open(path, &error);
        let mut private = DirBuilder::new();
        private.recursive(true).mode(0o700);
        private.create(path).map_err(failed)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = retry_on_intr(|| open(path, flags, Mode::empty()));
        let descriptor = descriptor.map_err(|error| failed(error.into()))?;
        let stat = fstat(&descriptor).map_err(|error| failed(error.into()))?;
        own_alone(path, stat.st_uid, stat.st_mode)?;
        match flock(&descriptor, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(AuditError::InUse(path.to_owned())),
            Err(error) => return Err(failed(error.into())),
        }
        let path = fs::canonicalize(path).map_err(failed)?;
        Ok(Self { path, descriptor })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes a file that must not be there yet. What is written goes to its end.
    pub(super) fn create(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL;
        let mode = Mode::RUSR | Mode::WUSR;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(retry_on_intr(|| openat(&self.descriptor, name, flags, mode))?.into())
    }

    /// Opens a file that is there, to read it and to write at its end.
    pub(super) fn open_file(&self, name: &str) -> Result<File, AuditError> {
        self.open_with(name, OFlags::RDWR | OFlags::APPEND)
    }

    /// Opens a file that is there, to read it and to write anywhere in it.
    pub(super) fn open_to_overwrite(&self, name: &str) -> Result<File, AuditError> {
        self.open_with(name, OFlags::RDWR)
    }

    fn open_with(&self, name: &str, flags: OFlags) -> Result<File, AuditError> {
        let path = self.file(name);
        // A FIFO of this name would not be waited for.
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = retry_on_intr(|| openat(&self.descriptor, name, flags, Mode::empty()));
        let file = File::from(opened.map_err(|error| AuditError::open(&path, &error.into()))?);
        let meta = file.metadata();
        let meta = meta.map_err(|error| AuditError::open(&path, &error))?;
        own_alone(&path, meta.uid(), meta.mode())?;
        let wrong = match (meta.is_file(), meta.nlink()) {
            (false, _) => "is not a regular file",
            (_, 1) => return Ok(file),
            _ => "has more than one name (hard links)",
        };
        Err(AuditError::Exposed { path, wrong })
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.descriptor, name, AtFlags::empty())?)
    }

    /// Makes new and changed names durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(retry_on_intr(|| fsync(&self.descriptor))?)
    }

    /// Gives a file another name, which must be free: that of something set aside at this record.
    pub(super) fn set_aside(&self, name: &str, seq: u64) -> io::Result<String> {
        let (from, to) = (&self.descriptor, &self.descriptor);
        let aside = free(seq, |torn| {
            Ok(renameat_with(from, name, to, torn, RenameFlags::NOREPLACE)?)
        })?;
        self.sync()?;
        Ok(aside.0)
    }

    /// A new file for something set aside at this record, and its name.
    pub(super) fn create_torn(&self, seq: u64) -> io::Result<(String, File)> {
        free(seq, |torn| self.create(torn))
    }
}

/// Tries names for something set aside at this record until one is free.
fn free<T>(seq: u64, take: impl Fn(&str) -> io::Result<T>) -> io::Result<(String, T)> {
    let mut number = 0_u32;
    loop {
        let torn = format!("{TORN}{seq:020}-{number:03}");
        match take(&torn) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 999 => {
                number += 1;
            }
            taken => return taken.map(|taken| (torn, taken)),
        }
    }
}

/// Refuses what is another user's, and what others may read or write.
fn own_alone(path: &Path, owner: u32, mode: u32) -> Result<(), AuditError> {
    let wrong = if owner != geteuid().as_raw() {
        "belongs to another user"
    } else if mode & 0o077 != 0 {
        "is open to other users"
    } else {
        return Ok(());
    };
    let path = path.to_owned();
    Err(AuditError::Exposed { path, wrong })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn the_folder_is_made_for_this_user_alone_and_has_one_keeper() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("deep/audit");
        let folder = Folder::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        let second = Folder::open(&path).unwrap_err();
        assert_eq!(second, AuditError::InUse(path.clone()));
        assert!(second.remedy().contains("state_folder"));
        let file = folder.create("x").unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
        drop(folder);
        Folder::open(&path).unwrap();
    }

    #[test]
    fn what_others_can_reach_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("audit");
        let folder = Folder::open(&path).unwrap();
        fs::write(path.join("open"), "").unwrap();
        fs::set_permissions(path.join("open"), fs::Permissions::from_mode(0o640)).unwrap();
        let refused = folder.open_file("open").unwrap_err().to_string();
        assert!(refused.contains("is open to other users"), "{refused}");
        folder.create("one").unwrap();
        fs::hard_link(path.join("one"), path.join("two")).unwrap();
        let refused = folder.open_file("one").unwrap_err().to_string();
        assert!(refused.contains("hard links"), "{refused}");
        symlink("/etc/passwd", path.join("link")).unwrap();
        folder.open_file("link").unwrap_err();
        drop(folder);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        let refused = Folder::open(&path).unwrap_err();
        assert!(refused.remedy().contains("chmod go="), "{refused}");
        let link = state.path().join("link");
        symlink(&path, &link).unwrap();
        Folder::open(&link).unwrap_err();
    }

    #[test]
    fn only_the_log_s_own_names_count() {
        let state = tempfile::tempdir().unwrap();
        for name in ["audit-1.jsonl", "audit-x.jsonl", "head", "torn-1"] {
            fs::write(state.path().join(name), "").unwrap();
        }
        for first in [12, 1] {
            fs::write(state.path().join(file_name(first)), "").unwrap();
        }
        assert_eq!(files(state.path()).unwrap(), [1, 12]);
        assert_eq!(torn(state.path()).unwrap(), ["torn-1"]);
    }
}
