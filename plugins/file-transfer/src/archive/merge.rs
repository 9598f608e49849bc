//! Publishing a folder that was taken.

use std::os::fd::{AsFd, OwnedFd};

use rustix::{
    fs::{Mode, OFlags, RenameFlags, mkdirat, renameat_with, syncfs},
    io::{Errno, retry_on_intr},
};

use crate::{
    address::join,
    entity::Kind,
    refusal::Refusal,
    root::{STAGED, StagedFolder, beneath, entity_at, names, replaceable},
    service::Task,
};

/// To look at what is in a folder, and to change it.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// Gives the whole folder this name, unless something has it; answers whether it was given.
pub(super) fn rename_whole(
    staged: &StagedFolder,
    parent: &OwnedFd,
    name: &[u8],
) -> Result<bool, Refusal> {
    let (outer, content) = (staged.outer(), STAGED.as_bytes());
    match renameat_with(outer, content, parent, name, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(errno) => Err(Refusal::system(errno, name)),
    }
}

/// Moves what is in the folder into the one that is there, file by file: each replaces the one of its
/// name in one step. What fails in the midst leaves the files before it. Answers the bytes of files
/// that were replaced.
pub(super) fn merge(task: &Task<'_>, staged: &StagedFolder) -> Result<u64, Refusal> {
    let target = task.root.open_at(task.path, FOLDER)?;
    let mut replaced = 0;
    let mut folders = vec![Vec::new()];
    while let Some(inner) = folders.pop() {
        let path = match &*inner {
            b"" => task.path.to_vec(),
            inner => join(task.path, inner),
        };
        let pair = Pair {
            from: beneath(staged.folder.as_fd(), &inner, FOLDER, false)?,
            to: task.root.open_at(&path, FOLDER)?,
            path,
        };
        for name in pair.names()? {
            task.go_on()?;
            let _publishing = task.root.publishing();
            match pair.step(&name)? {
                Step::Folder => folders.push(join(&inner, &name)),
                Step::Replaced(bytes) => replaced += bytes,
            }
        }
    }
    retry_on_intr(|| syncfs(&target)).map_err(|errno| Refusal::system(errno, task.path))?;
    Ok(replaced)
}

/// A folder that was taken, and the one that its entries go to.
struct Pair {
    from: OwnedFd,
    to: OwnedFd,
    /// Of the second.
    path: Vec<u8>,
}

enum Step {
    /// Both have a folder of this name: go into it.
    Folder,
    /// It was moved, over a file of so many bytes.
    Replaced(u64),
}

impl Pair {
    fn names(&self) -> Result<Vec<Vec<u8>>, Refusal> {
        let mut all = Vec::new();
        names(&self.from, &self.path, |name| {
            all.push(name.to_vec());
            Ok::<(), Refusal>(())
        })?;
        Ok(all)
    }

    fn step(&self, name: &[u8]) -> Result<Step, Refusal> {
        let path = join(&self.path, name);
        let refused = |errno: Errno| Refusal::system(errno, &path);
        let new = entity_at(self.from.as_fd(), name)?;
        let new = new.ok_or_else(|| refused(Errno::NOENT))?;
        let there = entity_at(self.to.as_fd(), name)?;
        if new.kind == Kind::Folder {
            return match there.map(|there| there.kind) {
                Some(Kind::Folder) => Ok(Step::Folder),
                Some(_) => Err(refused(Errno::NOTDIR)),
                None => {
                    let mode = Mode::from_raw_mode(new.mode) | Mode::RWXU;
                    mkdirat(&self.to, name, mode).map_err(refused)?;
                    Ok(Step::Folder)
                }
            };
        }
        replaceable(there.as_ref(), &path)?;
        renameat_with(&self.from, name, &self.to, name, RenameFlags::empty()).map_err(refused)?;
        Ok(Step::Replaced(there.map_or(0, |there| there.size)))
    }
}
