//! Removing a folder with all that is in it, however deep.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, chmodat, renameat_with, unlinkat},
    io::Errno,
};

use super::{beneath, entity_at, magic, partials::unique, walk::names};
use crate::{
    entity::{Entity, Kind},
    refusal::{Reason, Refusal},
};

/// Removes a folder of the agent's own and all that is in it; answers the bytes of its files.
///
/// Folders in it are moved beside it and follow, so that neither their depth nor the length of
/// their paths matters. What somebody else removes meanwhile is passed over.
pub(crate) fn discard(folder: BorrowedFd<'_>, name: &str) -> Result<u64, Refusal> {
    if let Some(entity) = entity_at(folder, name.as_bytes())? {
        open_up(folder, name.as_bytes(), &entity);
    }
    let mut waiting = vec![name.to_owned()];
    let mut bytes = 0;
    while let Some(name) = waiting.pop() {
        bytes += empty(folder, &name, &mut waiting)?;
        match unlinkat(folder, name.as_str(), AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(Refusal::system(errno, name.as_bytes())),
        }
    }
    Ok(bytes)
}

/// Gives a folder or a file of the agent's own back to its owner, where its mode keeps that one out.
/// Where this cannot be done, what needs it says so.
pub(super) fn open_up(beside: BorrowedFd<'_>, name: &[u8], entity: &Entity) {
    let needed = match entity.kind {
        Kind::Folder => 0o700,
        Kind::File => 0o600,
        Kind::Link | Kind::Special => return,
    };
    if entity.mode & needed == needed {
        return;
    }
    // Through the descriptor: a link that takes its place meanwhile would lead elsewhere.
    if let Ok(found) = beneath(beside, name, OFlags::PATH | OFlags::NOFOLLOW, false) {
        let mode = Mode::from_raw_mode(entity.mode | needed);
        let _ = chmodat(CWD, magic(&found), mode, AtFlags::empty());
    }
}

fn empty(beside: BorrowedFd<'_>, name: &str, waiting: &mut Vec<String>) -> Result<u64, Refusal> {
    let path = name.as_bytes();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let folder = match beneath(beside, path, flags, false) {
        Err(refusal) if refusal.reason == Reason::NotFound => return Ok(0),
        folder => folder?,
    };
    let mut inside = Vec::new();
    names(&folder, path, |name| {
        inside.push(name.to_vec());
        Ok::<(), Refusal>(())
    })?;
    let mut bytes = 0;
    for entry in inside {
        let Some(entity) = entity_at(folder.as_fd(), &entry)? else {
            continue;
        };
        let moved = unique("gone");
        let done = if entity.kind == Kind::Folder {
            open_up(folder.as_fd(), &entry, &entity);
            renameat_with(
                &folder,
                &*entry,
                beside,
                moved.as_str(),
                RenameFlags::NOREPLACE,
            )
        } else {
            unlinkat(&folder, &*entry, AtFlags::empty())
        };
        match (done, entity.kind) {
            (Ok(()), Kind::Folder) => waiting.push(moved),
            (Ok(()), Kind::File) => bytes += entity.size,
            (Ok(()) | Err(Errno::NOENT), _) => {}
            (Err(errno), _) => return Err(Refusal::system(errno, &entry)),
        }
    }
    Ok(bytes)
}
