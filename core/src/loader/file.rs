//! Reads a library without trusting it: no link is followed, nothing blocks, and nobody but root
//! and this user can have written it.

use std::{
    fs::File,
    io::Read,
    os::fd::OwnedFd,
    path::{Component, Path},
};

use rustix::{
    fs::{FileType, Mode, OFlags, Stat, fstat, open, openat},
    io::Errno,
    process::{getegid, geteuid},
};

use super::error::Refusal;

/// Reads the whole file, at most `limit` bytes.
///
/// The checks are made on the open file and its open folder, so nothing can be exchanged between
/// check and use. Links in the path of the folder are followed: that path is the operator's word.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
    let Some(Component::Normal(name)) = path.components().next_back() else {
        return Err(Refusal::NotRegular("folder"));
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folder = open_folder(folder)?;
    // Without O_NONBLOCK a FIFO would wait for its writer.
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(&folder, name, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::LOOP => Refusal::Link,
        Errno::NXIO | Errno::NODEV => Refusal::NotRegular("socket or device"),
        errno => Refusal::Unreadable(errno.to_string()),
    })?;
    let before = stat(&file)?;
    regular(&before)?;
    if !owned(&before) {
        return Err(Refusal::Owner { uid: before.st_uid });
    }
    if writable_by_others(&before) {
        return Err(Refusal::Mode {
            mode: permissions(&before),
        });
    }
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
    let mut file = File::from(file);
    Read::by_ref(&mut file)
        .take(size.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Refusal::Unreadable(error.to_string()))?;
    let after = stat(&file)?;
    if bytes.len() != capacity || written(&before) != written(&after) {
        return Err(Refusal::Changed);
    }
    Ok(bytes)
}

/// Opens a folder that nobody but root and this user can change, for use as a base.
pub(super) fn open_folder(path: &Path) -> Result<OwnedFd, Refusal> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = open(path, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::NOTDIR => Refusal::NotAFolder,
        errno => Refusal::FolderUnreadable(errno.to_string()),
    })?;
    let stat = fstat(&folder).map_err(|e| Refusal::FolderUnreadable(e.to_string()))?;
    if !owned(&stat) {
        return Err(Refusal::FolderOwner { uid: stat.st_uid });
    }
    if writable_by_others(&stat) {
        return Err(Refusal::FolderMode {
            mode: permissions(&stat),
        });
    }
    Ok(folder)
}

fn stat(file: impl std::os::fd::AsFd) -> Result<Stat, Refusal> {
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

fn permissions(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

/// When the contents last changed. Not the inode's change time: a link made or a mode set
/// meanwhile is no harm, since the mode was checked before the bytes were read.
fn written(stat: &Stat) -> (i64, i64, u64) {
    (stat.st_size, stat.st_mtime, stat.st_mtime_nsec)
}
