//! Private copies: what is loaded is a copy of the bytes that were checked, in a folder that only
//! this user can enter. Replacing or truncating the original then harms nothing, and a new version
//! has a path of its own, without which the dynamic linker would hand out the old one.
//!
//! Each process has a folder `loaded/<pid>-<n>` in the state folder. It holds a lock on the file
//! `lock` in it as long as it lives; a folder whose lock is free is left from a crash.

use std::{
    collections::HashMap,
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::{
        fd::OwnedFd,
        unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::{
    fs::{FlockOperation, Mode, OFlags, StatVfsMountFlags, flock, fstat, open, statvfs},
    io::{Errno, retry_on_intr},
    process::{geteuid, getpid},
};

use super::{Digest, error::Refusal};

/// The folder of all processes' copies, within the state folder.
pub(super) const FOLDER: &str = "loaded";

/// The private copies of this process. They go when this is dropped or [`Copies::remove`]d.
#[derive(Debug)]
pub(super) struct Copies {
    folder: PathBuf,
    _lock: OwnedFd,
    limit: u64,
    /// Held while a copy is written, so that two threads do not write the same one.
    stored: Mutex<HashMap<Digest, Stored>>,
}

/// A copy that is there.
#[derive(Debug)]
struct Stored {
    bytes: u64,
    /// How many times it was stored and not released.
    users: usize,
    superseded: bool,
}

/// Libraries that were loaded and are not used any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Superseded {
    /// How many.
    pub libraries: usize,
    /// The size of their files together.
    pub bytes: u64,
}

impl Copies {
    /// Makes this process's folder in the state folder, and sweeps those of dead processes.
    pub(super) fn open(state_folder: &Path, limit: u64) -> Result<Self, Refusal> {
        let loaded = state_folder.join(FOLDER);
        let failed = |error: io::Error| Refusal::CopyFailed {
            folder: loaded.clone(),
            text: error.to_string(),
        };
        private_folder(&loaded).map_err(failed)?;
        // dlopen searches the system for a name without a slash, and a later change of the
        // working folder must not matter.
        let loaded = fs::canonicalize(&loaded).map_err(failed)?;
        sweep(&loaded).map_err(failed)?;
        let (folder, lock) = claim(&loaded).map_err(failed)?;
        Ok(Self {
            folder,
            _lock: lock,
            limit,
            stored: Mutex::default(),
        })
    }

    /// The path of a copy of these bytes; they are written unless they were before.
    pub(super) fn store(&self, digest: &Digest, bytes: &[u8]) -> Result<PathBuf, Refusal> {
        let path = self.folder.join(format!("{digest}.so"));
        let mut stored = self.stored();
        if let Some(known) = stored.get_mut(digest).filter(|_| path.exists()) {
            known.users += 1;
            return Ok(path);
        }
        let failed = |error: io::Error| Refusal::CopyFailed {
            folder: self.folder.clone(),
            text: error.to_string(),
        };
        let mount = statvfs(&self.folder).map_err(|errno| failed(errno.into()))?;
        if mount.f_flag.contains(StatVfsMountFlags::NOEXEC) {
            return Err(Refusal::NoExec {
                folder: self.folder.clone(),
            });
        }
        let used: u64 = stored.values().map(|known| known.bytes).sum();
        let size = bytes.len() as u64;
        if used.saturating_add(size) > self.limit {
            return Err(Refusal::LoadedFull {
                limit: self.limit,
                superseded: superseded(&stored).bytes,
            });
        }
        let part = path.with_extension("part");
        let written = write(&part, bytes).and_then(|()| fs::rename(&part, &path));
        if let Err(error) = written {
            let _ = fs::remove_file(&part);
            return Err(failed(error));
        }
        let known = Stored {
            bytes: size,
            users: 1,
            superseded: false,
        };
        stored.insert(*digest, known);
        Ok(path)
    }

    /// Removes a copy that nobody loads any more: once it was released as often as it was stored.
    /// What is mapped into this process must not be released, since it stays mapped.
    pub(super) fn release(&self, digest: &Digest) {
        let mut stored = self.stored();
        let Some(known) = stored.get_mut(digest) else {
            return;
        };
        known.users -= 1;
        if known.users == 0 {
            stored.remove(digest);
            let path = self.folder.join(format!("{digest}.so"));
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(file = %path.display(), %error, "a private copy is left behind");
            }
        }
    }

    /// Notes which copies are used now: all others are superseded.
    pub(super) fn set_used(&self, is_used: impl Fn(&Digest) -> bool) {
        for (digest, known) in self.stored().iter_mut() {
            known.superseded = !is_used(digest);
        }
    }

    /// What is not used any more.
    pub(super) fn superseded(&self) -> Superseded {
        superseded(&self.stored())
    }

    fn stored(&self) -> MutexGuard<'_, HashMap<Digest, Stored>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes all copies. What is mapped stays mapped; nothing can be loaded from here any more.
    pub(super) fn remove(&self) {
        if let Err(error) = fs::remove_dir_all(&self.folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %self.folder.display(), %error, "private copies are left behind");
        }
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        self.remove();
    }
}

fn superseded(stored: &HashMap<Digest, Stored>) -> Superseded {
    let superseded = stored.values().filter(|known| known.superseded);
    superseded.fold(Superseded::default(), |sum, known| Superseded {
        libraries: sum.libraries + 1,
        bytes: sum.bytes + known.bytes,
    })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o500)
        .open(path)?
        .write_all(bytes)
}

/// Makes a folder that only this user can enter, or sees that it is one.
fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() || found.uid() != geteuid().as_raw() {
        return Err(io::Error::other("it is not a folder of this user"));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Makes and locks a folder of a name that is not taken.
fn claim(loaded: &Path) -> io::Result<(PathBuf, OwnedFd)> {
    for number in 0..1000 {
        let folder = loaded.join(format!("{}-{number}", getpid().as_raw_nonzero()));
        match DirBuilder::new().mode(0o700).create(&folder) {
            // Another container that shares the state folder may have the same process number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        }
        match lock(&folder) {
            Ok(Some(lock)) => return Ok((folder, lock)),
            // A process that sweeps at this moment took the new folder for an old one.
            Ok(None) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Err(io::Error::other("no free name for a folder is left"))
}

/// Locks a folder of copies; nothing where somebody else has it, or just removed it.
fn lock(folder: &Path) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let file = retry_on_intr(|| open(folder.join("lock"), flags, mode))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => return Ok(None),
        locked => locked?,
    }
    let removed = fstat(&file)?.st_nlink == 0;
    Ok((!removed).then_some(file))
}

/// Removes the folders of processes that ended without doing so.
fn sweep(loaded: &Path) -> io::Result<()> {
    for entry in fs::read_dir(loaded)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let folder = entry.path();
        let Ok(Some(_lock)) = lock(&folder) else {
            continue;
        };
        match fs::remove_dir_all(&folder) {
            Ok(()) => {
                tracing::debug!(folder = %folder.display(), "removed the copies of a process that crashed");
            }
            // Another process may sweep too.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "old copies cannot be removed");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const LIMIT: u64 = 1000;

    fn folders(state: &Path) -> usize {
        fs::read_dir(state.join("loaded")).unwrap().count()
    }

    #[test]
    fn copies_are_private_and_go_with_their_owner() {
        let state = tempfile::tempdir().unwrap();
        let copies = Copies::open(state.path(), LIMIT).unwrap();
        let digest = blake3::hash(b"code");
        let path = copies.store(&digest, b"code").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"code");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o500);
        for folder in [path.parent().unwrap(), &state.path().join("loaded")] {
            assert_eq!(fs::metadata(folder).unwrap().mode() & 0o7777, 0o700);
        }
        assert_eq!(copies.store(&digest, b"code").unwrap(), path);
        drop(copies);
        assert_eq!(folders(state.path()), 0);
    }

    #[test]
    fn a_folder_in_use_is_not_swept_and_one_left_by_a_crash_is() {
        let state = tempfile::tempdir().unwrap();
        let alive = Copies::open(state.path(), LIMIT).unwrap();
        let dead = state.path().join("loaded/1-0");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("lock"), "").unwrap();
        fs::write(dead.join("x.so"), "x").unwrap();
        let second = Copies::open(state.path(), LIMIT).unwrap();
        assert!(alive.folder.exists() && second.folder.exists());
        assert_ne!(alive.folder, second.folder);
        assert!(!dead.exists());
    }

    #[test]
    fn the_total_is_capped() {
        let state = tempfile::tempdir().unwrap();
        let copies = Copies::open(state.path(), 10).unwrap();
        copies.store(&blake3::hash(b"123456"), b"123456").unwrap();
        let full = copies.store(&blake3::hash(b"abcdef"), b"abcdef");
        let (limit, superseded) = (10, 0);
        assert_eq!(full, Err(Refusal::LoadedFull { limit, superseded }));
        copies.store(&blake3::hash(b"1234"), b"1234").unwrap();
    }

    #[test]
    fn replaced_versions_are_counted_and_told_of_when_there_is_no_room() {
        let state = tempfile::tempdir().unwrap();
        let copies = Copies::open(state.path(), 10).unwrap();
        let (old, new) = (blake3::hash(b"123456"), blake3::hash(b"1234"));
        copies.store(&old, b"123456").unwrap();
        assert_eq!(copies.superseded(), Superseded::default());
        copies.store(&new, b"1234").unwrap();
        copies.set_used(|digest| *digest == new);
        let (libraries, bytes) = (1, 6);
        assert_eq!(copies.superseded(), Superseded { libraries, bytes });
        let refusal = copies.store(&blake3::hash(b"1"), b"1").unwrap_err();
        assert!(refusal.to_string().contains("6 of them"), "{refusal}");
        assert!(refusal.remedy().contains("restart"), "{refusal}");
    }

    #[test]
    fn a_copy_goes_when_the_last_who_stored_it_releases_it() {
        let state = tempfile::tempdir().unwrap();
        let copies = Copies::open(state.path(), 10).unwrap();
        let digest = blake3::hash(b"123456");
        let path = copies.store(&digest, b"123456").unwrap();
        copies.store(&digest, b"123456").unwrap();
        copies.release(&digest);
        assert!(path.exists());
        copies.release(&digest);
        assert!(!path.exists());
        copies.release(&digest);
        // There is room again.
        copies.store(&blake3::hash(b"abcdef"), b"abcdef").unwrap();
    }

    #[test]
    fn a_state_folder_that_is_a_file_is_a_clear_error() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("file");
        fs::write(&file, "").unwrap();
        let refusal = Copies::open(&file, LIMIT).unwrap_err();
        assert!(matches!(refusal, Refusal::CopyFailed { .. }), "{refusal}");
        assert!(refusal.remedy().contains("state_folder"));
    }

    #[test]
    fn a_copy_that_cannot_be_written_is_a_clear_error() {
        let state = tempfile::tempdir().unwrap();
        let copies = Copies::open(state.path(), LIMIT).unwrap();
        let digest = blake3::hash(b"code");
        fs::remove_dir_all(&copies.folder).unwrap();
        let refusal = copies.store(&digest, b"code").unwrap_err();
        assert_eq!(refusal.reason(), "copy_failed");
        fs::create_dir(&copies.folder).unwrap();
        copies.store(&digest, b"code").unwrap();
    }

    #[test]
    fn many_at_once_each_get_their_own() {
        let state = tempfile::tempdir().unwrap();
        let all: Vec<Copies> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Copies::open(state.path(), LIMIT).unwrap()))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(folders(state.path()), 8);
        assert!(all.iter().all(|copies| copies.folder.exists()));
    }
}
