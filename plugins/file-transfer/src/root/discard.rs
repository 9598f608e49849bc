//! Removing a folder with all that is in it, however deep.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::{
    fs::{AtFlags, OFlags, RenameFlags, renameat_with, unlinkat},
    io::Errno,
};

use super::{beneath, entity_at, partials::unique, walk::names};
use crate::{
    entity::Kind,
    refusal::{Reason, Refusal},
};

/// Removes a folder of the agent's own and all that is in it; answers the bytes of its files.
///
/// Folders in it are moved beside it and follow, so that neither their depth nor the length of
/// their paths matters. What somebody else removes meanwhile is passed over.
pub(crate) fn discard(folder: BorrowedFd<'_>, name: &str) -> Result<u64, Refusal> {
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
