//! What is in folders.

use std::os::fd::{AsFd, OwnedFd};

use rustix::{
    fs::{Dir, OFlags},
    io::Errno,
};

use super::{Root, beneath, entity_at};
use crate::{
    address::{PARTIAL, join},
    entity::Kind,
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

impl Root {
    /// The bytes of all files beneath it, and of uploads that are not whole. A file of several names
    /// counts once for each; links and other filesystems count nothing. A folder that cannot be read
    /// is an error: what is in it would not be counted.
    pub(crate) fn count(&self, cancelled: impl Fn() -> bool) -> Result<u64, Refusal> {
        let mut bytes = 0_u64;
        if let Some(partials) = self.partials() {
            bytes += partials.stored()?;
        }
        let mut folders = vec![Vec::new()];
        while let Some(path) = folders.pop() {
            if cancelled() {
                return Err(Refusal::new(
                    Reason::Interrupted,
                    "the agent is stopping",
                    "start it",
                ));
            }
            let Some(folder) = self.enter(&path)? else {
                continue;
            };
            names(&folder, &path, |name| {
                let entity = entity_at(folder.as_fd(), name)?;
                match entity.map(|entity| (entity.kind, entity.size)) {
                    Some((Kind::File, size)) => bytes = bytes.saturating_add(size),
                    Some((Kind::Folder, _)) => folders.push(join(&path, name)),
                    _ => {}
                }
                Ok::<(), Refusal>(())
            })?;
        }
        Ok(bytes)
    }

    /// A folder to read; nothing where it has gone, or is of another filesystem.
    fn enter(&self, path: &[u8]) -> Result<Option<OwnedFd>, Refusal> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        match beneath(self.folder(), path, flags, false) {
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
}
