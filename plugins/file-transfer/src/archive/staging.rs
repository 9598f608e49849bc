//! The entries of a tar stream, written into a folder that nobody sees yet.

use std::{
    fs::File,
    os::fd::{AsFd, OwnedFd},
};

use rustix::{
    fs::{Mode, OFlags, ResolveFlags, fchmod, futimens, mkdirat, openat2, symlinkat},
    io::{Errno, retry_on_intr},
};

use super::{header::Entry, later::Later};
use crate::{
    address::{PARTIAL, split},
    refusal::{Reason, Refusal, show},
    root::{Root, StagedFolder, beneath},
    upload::times,
};

/// A folder that is being filled. Links are never followed in it, so that none in the stream leads
/// another entry elsewhere.
pub(super) struct Staging<'a> {
    root: &'a Root,
    pub(super) folder: StagedFolder,
    /// What folders are to have once all is in them.
    later: Later,
}

impl<'a> Staging<'a> {
    pub(super) fn new(root: &'a Root, folder: StagedFolder) -> Self {
        Self {
            root,
            folder,
            later: Later::default(),
        }
    }

    /// Makes a file to write to.
    pub(super) fn file(&self, entry: &Entry) -> Result<File, Refusal> {
        match self.create(&entry.path) {
            Err(Errno::NOENT) => {
                self.parents(&entry.path)?;
                self.create(&entry.path)
            }
            file => file,
        }
        .map(File::from)
        .map_err(|errno| refused(errno, &entry.path))
    }

    /// Gives a file that was written what else the stream says of it.
    pub(super) fn complete(&self, file: &File, entry: &Entry) -> Result<(), Refusal> {
        let refused = |errno: Errno| refused(errno, &entry.path);
        fchmod(file, self.root.permissions(entry.mode)).map_err(refused)?;
        futimens(file, &times(Some(entry.modified))).map_err(refused)
    }

    /// Makes a folder. It may be there already, made for what is in it.
    pub(super) fn make_folder(&mut self, entry: &Entry) -> Result<(), Refusal> {
        if !entry.path.is_empty() {
            self.parents(&entry.path)?;
            self.folder(&entry.path)?;
        }
        self.later.add(&entry.path, entry.mode, entry.modified)
    }

    /// Makes a symbolic link that leads nowhere but into the folder.
    pub(super) fn link(&self, entry: &Entry, target: &[u8]) -> Result<(), Refusal> {
        let shown = show(&entry.path);
        if !self.root.settings.follow {
            return Err(Refusal::new(
                Reason::Link,
                format!("{shown} is a symbolic link, and none is taken"),
                "leave it out, send what it leads to (`tar -h`), or set `follow` of the root to true",
            ));
        }
        if !stays_inside(&entry.path, target) {
            return Err(Refusal::new(
                Reason::Outside,
                format!("{shown} leads out of the folder"),
                "send what it leads to (`tar -h`), or leave it out",
            ));
        }
        if target
            .split(|byte| *byte == b'/')
            .any(|name| name == PARTIAL.as_bytes())
        {
            return Err(Refusal::new(
                Reason::Reserved,
                format!("{shown} leads into {PARTIAL}, which holds uploads that are not whole yet"),
                "leave it out",
            ));
        }
        self.parents(&entry.path)?;
        let (folder, name) = split(&entry.path);
        let folder = self.open(folder)?;
        symlinkat(target, &folder, name).map_err(|errno| refused(errno, &entry.path))
    }

    /// Gives the folders what else the stream says of them, inner ones first.
    pub(super) fn finish(&self) -> Result<(), Refusal> {
        let usual = self.root.folder_permissions(0o777);
        fchmod(&self.folder.folder, usual).map_err(|errno| refused(errno, b""))?;
        for (path, mode, modified) in self.later.inner_first() {
            let folder = self.open(path)?;
            let refused = |errno: Errno| refused(errno, path);
            fchmod(&folder, self.root.folder_permissions(mode)).map_err(refused)?;
            futimens(&folder, &times(Some(modified))).map_err(refused)?;
        }
        Ok(())
    }

    fn create(&self, path: &[u8]) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        let mode = Mode::RUSR | Mode::WUSR;
        retry_on_intr(|| openat2(&self.folder.folder, path, flags, mode, resolve))
    }

    fn open(&self, path: &[u8]) -> Result<OwnedFd, Refusal> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        beneath(self.folder.folder.as_fd(), path, flags, false)
    }

    fn parents(&self, path: &[u8]) -> Result<(), Refusal> {
        let (folder, _) = split(path);
        if folder.is_empty() || self.open(folder).is_ok() {
            return Ok(());
        }
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        for (end, _) in slashes {
            self.folder(&path[..end])?;
        }
        Ok(())
    }

    /// Makes a folder with permissions to write into it; one that is there will do.
    fn folder(&self, path: &[u8]) -> Result<(), Refusal> {
        let (parent, name) = split(path);
        let parent = self.open(parent)?;
        match mkdirat(&parent, name, self.root.folder_permissions(0o777)) {
            Ok(()) => Ok(()),
            // Unless it is something else.
            Err(Errno::EXIST) => self.open(path).map(drop),
            Err(errno) => Err(refused(errno, path)),
        }
    }
}

/// What the system answered of an entry.
fn refused(errno: Errno, path: &[u8]) -> Refusal {
    if errno == Errno::EXIST {
        return super::unreadable(format!("{} is in the stream twice", show(path)));
    }
    Refusal::system(errno, path)
}

/// Whether a link at `path` that leads to `target` stays in the folder, by its text.
fn stays_inside(path: &[u8], target: &[u8]) -> bool {
    if target.is_empty() || target.starts_with(b"/") || target.contains(&0) {
        return false;
    }
    let mut depth = path.split(|byte| *byte == b'/').count() - 1;
    for name in target.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            _ => depth += 1,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_inside_by_its_text() {
        for (path, target, inside) in [
            ("a", "b", true),
            ("a", "b/../c", true),
            ("a/b", "../c", true),
            ("a/b", "..", true),
            ("a", "..", false),
            ("a/b", "../../c", false),
            ("a", "b/../../c", false),
            ("a", "/etc", false),
            ("a", "", false),
            ("a", "x\0y", false),
        ] {
            assert_eq!(
                stays_inside(path.as_bytes(), target.as_bytes()),
                inside,
                "{path} {target}"
            );
        }
    }
}
