//! What is in folders.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    fs::{Dir, OFlags},
    io::Errno,
};

use super::{Root, beneath, entity_at};
use crate::{
    address::{PARTIAL, join},
    entity::{Entity, Kind},
    refusal::{Reason, Refusal},
};

/// Calls `each` for the names in a folder, in the order of the filesystem, and ends with its first
/// error. Not among them are `.`, `..` and the agent's own folder.
pub(crate) fn names<E: From<Refusal>>(
    folder: impl AsFd,
    path: &[u8],
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let refused = |errno: Errno| Refusal::system(errno, path);
    let entries = Dir::read_from(folder).map_err(refused)?;
    for entry in entries {
        let entry = entry.map_err(refused)?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." && name != PARTIAL.as_bytes() {
            each(name)?;
        }
    }
    Ok(())
}

/// What a walk has found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// What the files weigh together.
    pub(crate) bytes: u64,
    /// The first folder that could not be looked into.
    pub(crate) passed_over: Option<Refusal>,
}

/// Weighs all files beneath a folder. A file of several names weighs once for each; links and other
/// filesystems weigh nothing, nor does what is in folders that cannot be looked into.
pub(super) fn walk(
    top: BorrowedFd<'_>,
    cancelled: impl Fn() -> bool,
    weigh: impl Fn(&Entity) -> u64,
) -> Result<Walked, Refusal> {
    let mut walked = Walked::default();
    let mut folders = vec![Vec::new()];
    while let Some(path) = folders.pop() {
        if cancelled() {
            return Err(Refusal::new(
                Reason::Interrupted,
                "the agent is stopping",
                "start it",
            ));
        }
        let looked = enter(top, &path).and_then(|folder| {
            let Some(folder) = folder else {
                return Ok(());
            };
            names(&folder, &path, |name| {
                match entity_at(folder.as_fd(), name)? {
                    Some(file) if file.kind == Kind::File => {
                        walked.bytes = walked.bytes.saturating_add(weigh(&file));
                    }
                    Some(entity) if entity.kind == Kind::Folder => folders.push(join(&path, name)),
                    _ => {}
                }
                Ok::<(), Refusal>(())
            })
        });
        match looked {
            // Who may write beneath the root must not be able to stop the count. Without the top
            // nothing at all would be known.
            Err(refusal) if !path.is_empty() && is_closed(refusal.reason) => {
                walked.passed_over.get_or_insert(refusal);
            }
            looked => looked?,
        }
    }
    Ok(walked)
}

fn is_closed(reason: Reason) -> bool {
    matches!(reason, Reason::NotAllowed | Reason::NameTooLong)
}

/// A folder to read; nothing where it has gone, or is of another filesystem.
fn enter(top: BorrowedFd<'_>, path: &[u8]) -> Result<Option<OwnedFd>, Refusal> {
    match beneath(top, path, OFlags::RDONLY | OFlags::DIRECTORY, false) {
        Ok(folder) => Ok(Some(folder)),
        Err(refusal)
            if matches!(
                refusal.reason,
                Reason::NotFound | Reason::Outside | Reason::WrongKind | Reason::Link
            ) =>
        {
            Ok(None)
        }
        Err(refusal) => Err(refusal),
    }
}

impl Root {
    /// The bytes of all files beneath it, and what uploads that are not whole take. What is in a folder
    /// that cannot be looked into is not counted, and the log says so once: the agent's own are open
    /// to it.
    pub(crate) fn count(&self, cancelled: impl Fn() -> bool) -> Result<u64, Refusal> {
        let partials = self.partials().map(|partials| partials.stored(&cancelled));
        let partials = partials.transpose()?.unwrap_or_default();
        let files = walk(self.folder(), &cancelled, |file| file.size)?;
        let wrong = partials.passed_over.or(files.passed_over).map(|refusal| {
            format!(
                "{}: not all is counted for the quota: {}",
                self.name, refusal.message
            )
        });
        self.uncounted.tell(wrong.as_deref());
        Ok(partials.bytes.saturating_add(files.bytes))
    }
}
