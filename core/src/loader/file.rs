//! Reads a file without trusting it: no link is followed, nothing blocks, and it is told whether
//! anybody but root and this user can have written it.

use std::{
    ffi::OsStr,
    fs::File,
    io::Read,
    os::fd::{AsFd, OwnedFd},
    path::{Component, Path},
};

use rustix::{
    fs::{FileType, Mode, OFlags, Stat, fstat, open, openat},
    io::{Errno, retry_on_intr},
    process::{getegid, geteuid},
};

use super::error::Refusal;

/// Reads a whole file of at most `limit` bytes that nobody but root and this user can have
/// written.
///
/// The checks are made on the open file and its open folder, so nothing can be exchanged between
/// check and use. Links in the path of the folder are followed: that path is the operator's word.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
    let name = name(path)?;
    let folder = Folder::of(path)?;
    folder.check()?;
    let file = folder.file(name)?.ok_or_else(missing)?;
    file.check()?;
    file.read(limit)
}

/// The last part of a path, where it is the name of a file.
pub(super) fn name(path: &Path) -> Result<&OsStr, Refusal> {
    match path.components().next_back() {
        Some(Component::Normal(name)) => Ok(name),
        _ => Err(Refusal::NotRegular("folder")),
    }
}

/// What is said of a file that is not there.
pub(super) fn missing() -> Refusal {
    Refusal::Unreadable(Errno::NOENT.to_string())
}

/// An open folder, from which names are looked up.
#[derive(Debug)]
pub(super) struct Folder {
    folder: OwnedFd,
    stat: Stat,
}

impl Folder {
    /// Opens the folder at this path.
    pub(super) fn open(path: &Path) -> Result<Self, Refusal> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = retry_on_intr(|| open(path, flags, Mode::empty()));
        let folder = folder.map_err(|errno| match errno {
            Errno::NOTDIR => Refusal::NotAFolder,
            errno => Refusal::FolderUnreadable(errno.to_string()),
        })?;
        let stat = fstat(&folder).map_err(|e| Refusal::FolderUnreadable(e.to_string()))?;
        Ok(Self { folder, stat })
    }

    /// Opens the folder that the file at this path is in.
    pub(super) fn of(path: &Path) -> Result<Self, Refusal> {
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => Self::open(parent),
            _ => Self::open(Path::new(".")),
        }
    }

    /// Whether nobody but root and this user can change what is in it.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let stat = &self.stat;
        if !owned(stat) {
            return Err(Refusal::FolderOwner { uid: stat.st_uid });
        }
        if writable_by_others(stat) {
            return Err(Refusal::FolderMode {
                mode: permissions(stat),
            });
        }
        Ok(())
    }

    /// Owner and mode, for people.
    pub(super) fn access(&self) -> String {
        access(&self.stat)
    }

    /// Opens a regular file in it; nothing where there is none of this name.
    pub(super) fn file(&self, name: &OsStr) -> Result<Option<Opened>, Refusal> {
        // Without O_NONBLOCK a FIFO would wait for its writer.
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let open = || openat(&self.folder, name, flags, Mode::empty());
        let file = match retry_on_intr(open) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(Refusal::Link),
            Err(Errno::NXIO | Errno::NODEV) => {
                return Err(Refusal::NotRegular("socket or device"));
            }
            Err(errno) => return Err(Refusal::Unreadable(errno.to_string())),
        };
        let stat = stat(&file)?;
        regular(&stat)?;
        Ok(Some(Opened {
            file: file.into(),
            stat,
        }))
    }
}

/// An open regular file.
#[derive(Debug)]
pub(super) struct Opened {
    file: File,
    stat: Stat,
}

impl Opened {
    /// Whether nobody but root and this user can write to it.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let stat = &self.stat;
        if !owned(stat) {
            return Err(Refusal::Owner { uid: stat.st_uid });
        }
        if writable_by_others(stat) {
            return Err(Refusal::Mode {
                mode: permissions(stat),
            });
        }
        Ok(())
    }

    /// Owner and mode, for people.
    pub(super) fn access(&self) -> String {
        access(&self.stat)
    }

    /// Reads all of it, at most `limit` bytes.
    pub(super) fn read(mut self, limit: u64) -> Result<Vec<u8>, Refusal> {
        let before = self.stat;
        let size = u64::try_from(before.st_size).unwrap_or(0);
        if size == 0 {
            return Err(Refusal::Empty);
        }
        let too_large = Refusal::TooLarge { size, limit };
        if size > limit {
            return Err(too_large);
        }
        let capacity = usize::try_from(size).map_err(|_| too_large)?;

        // One byte more than expected shows a file that grows.
        let mut bytes = Vec::with_capacity(capacity.saturating_add(1));
        Read::by_ref(&mut self.file)
            .take(size.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| Refusal::Unreadable(error.to_string()))?;
        let after = stat(&self.file)?;
        if bytes.len() != capacity || written(&before) != written(&after) {
            return Err(Refusal::Changed);
        }
        Ok(bytes)
    }
}

fn stat(file: impl AsFd) -> Result<Stat, Refusal> {
    fstat(file).map_err(|errno| Refusal::Unreadable(errno.to_string()))
}

fn regular(stat: &Stat) -> Result<(), Refusal> {
    Err(Refusal::NotRegular(
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => return Ok(()),
            FileType::Directory => "folder",
            FileType::Fifo => "named pipe",
            FileType::CharacterDevice | FileType::BlockDevice => "device",
            _ => "special file",
        },
    ))
}

fn owned(stat: &Stat) -> bool {
    stat.st_uid == 0 || stat.st_uid == geteuid().as_raw()
}

/// Whether anybody but root and this user may write. Where an access list is set, the group bits
/// are its mask, so this sees its entries too.
fn writable_by_others(stat: &Stat) -> bool {
    let mode = Mode::from_raw_mode(stat.st_mode);
    // The customary umask 0002 goes with a group for each user that has only that user in it, and
    // the user's own number.
    let own_group = stat.st_uid == stat.st_gid
        && stat.st_uid == geteuid().as_raw()
        && stat.st_gid == getegid().as_raw();
    mode.contains(Mode::WOTH) || (mode.contains(Mode::WGRP) && !own_group)
}

fn access(stat: &Stat) -> String {
    format!("user {}, mode {:04o}", stat.st_uid, permissions(stat))
}

fn permissions(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

/// When the contents last changed. Not the inode's change time: a link made or a mode set
/// meanwhile is no harm, since the mode was checked before the bytes were read.
fn written(stat: &Stat) -> (i64, i64, u64) {
    (stat.st_size, stat.st_mtime, stat.st_mtime_nsec)
}
