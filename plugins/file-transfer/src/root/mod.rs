//! A folder beneath which files may be moved. Every path is resolved by the kernel, beneath the
//! folder's own descriptor: what is looked at and what is opened is the same.

mod complaint;
mod discard;
mod partials;
mod usage;
mod walk;

use std::{
    ffi::CString,
    fs::File,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gaxx_sdk::prelude::*;
use rustix::{
    fs::{
        AtFlags, CWD, Mode, OFlags, ResolveFlags, fstat, fstatvfs, mkdirat, openat, openat2,
        readlinkat, statat,
    },
    io::{Errno, retry_on_intr},
};

use self::complaint::Complaint;
pub(crate) use self::{
    discard::discard,
    partials::{Partial, Partials, STAGED, StagedFolder, random},
    usage::{Reservation, Usage},
    walk::names,
};
use crate::{
    address::{PARTIAL, split},
    entity::{Entity, Kind},
    refusal::{Reason, Refusal, show},
    settings::{RootSettings, is_root_name},
};

/// How often a path is resolved again that was moved meanwhile.
const TRIES: usize = 32;

/// A folder beneath which files may be moved.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) name: String,
    pub(crate) settings: RootSettings,
    pub(crate) usage: Arc<Usage>,
    umask: u32,
    min_free: u64,
    folder: OwnedFd,
    /// Where uploads wait until they are whole; nothing where nothing may be changed.
    partials: Option<Partials>,
    /// Held from a look at what is there to the rename that replaces it.
    publishing: Mutex<()>,
    /// That something beneath it cannot be counted.
    uncounted: Complaint,
}

impl Root {
    /// Opens it, and makes the folder for uploads where it may be written.
    pub(crate) fn open(name: &str, settings: RootSettings, min_free: Size) -> Result<Self> {
        let key = format!("roots.{name}");
        if !is_root_name(name) {
            return Err(Error::settings(format!("roots has the name {name:?}")).remedy(
                "name a root by up to 64 letters, digits, `-`, `_` and `.`, with no dot in front",
            ));
        }
        if !settings.path.is_absolute() {
            let message = format!("{key}.path is {}", settings.path.display());
            return Err(Error::settings(message).remedy("write a path that begins with /"));
        }
        let umask = settings.umask().explain(|| key.clone())?;
        let path = settings.path.display().to_string();
        let unusable = |errno: Errno, remedy: &str| {
            Error::settings(format!("{key}.path: {path}: {errno}")).remedy(remedy)
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = retry_on_intr(|| openat(CWD, &settings.path, flags, Mode::empty()));
        let folder = folder.map_err(|errno| {
            unusable(
                errno,
                "make the folder, or name one that the agent's user can enter",
            )
        })?;
        openat2(&folder, ".", flags, Mode::empty(), BENEATH).map_err(|errno| {
            unusable(
                errno,
                "paths must be resolved beneath the root by the kernel: Linux 5.6 or later, with openat2 allowed",
            )
        })?;
        let partials = (settings.write || settings.delete)
            .then(|| Partials::open(&folder))
            .transpose()
            .map_err(|error| error.explain_key(&key, &path))?;
        Ok(Self {
            name: name.to_owned(),
            usage: Arc::new(Usage::new(settings.quota.map(Size::bytes))),
            umask,
            min_free: min_free.bytes(),
            settings,
            folder,
            partials,
            publishing: Mutex::new(()),
            uncounted: Complaint::default(),
        })
    }

    /// Opens what is at a path, of whatever kind, without waiting for a pipe. The flags decide for
    /// what; links are followed as the settings say.
    pub(crate) fn open_at(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Refusal> {
        let opened = beneath(self.folder.as_fd(), path, flags, self.settings.follow)?;
        // Without links no path that names it gets here.
        if self.settings.follow && self.is_partial(&opened, path)? {
            return Err(Refusal::new(
                Reason::Reserved,
                format!(
                    "{} leads into {PARTIAL}, which holds uploads that are not whole yet",
                    show(path)
                ),
                "name something else",
            ));
        }
        Ok(opened)
    }

    /// Whether what a path has led to is in a folder for uploads, or is one. The kernel says where it
    /// is; links are resolved there.
    fn is_partial(&self, opened: &OwnedFd, path: &[u8]) -> Result<bool, Refusal> {
        let refused = |errno: Errno| Refusal::system(errno, path);
        let root = place(&self.folder).map_err(refused)?;
        let place = place(opened).map_err(refused)?;
        let inner = place.strip_prefix(root.as_slice()).unwrap_or(&place);
        let mut names = inner.split(|byte| *byte == b'/');
        Ok(names.any(|name| name == PARTIAL.as_bytes()))
    }

    /// What is at a path, and a descriptor that can do nothing else. A link at its end is shown as
    /// one.
    pub(crate) fn look(&self, path: &[u8]) -> Result<Entity, Refusal> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW;
        let refused = |refused: Refusal| {
            // Without links followed the kernel refuses the last one, too: look from its folder.
            if refused.reason != Reason::Link {
                return Err(refused);
            }
            let (folder, name) = split(path);
            let folder = self.open_at(folder, OFlags::PATH | OFlags::DIRECTORY)?;
            entity_at(folder.as_fd(), name)?.ok_or(refused)
        };
        match self.open_at(path, flags) {
            Ok(found) => entity(&found, path),
            Err(error) => refused(error),
        }
    }

    /// The folder that a path is in, to change what is in it, and the name there.
    pub(crate) fn parent<'a>(&self, path: &'a [u8]) -> Result<(OwnedFd, &'a [u8]), Refusal> {
        let (folder, name) = split(path);
        let folder = self.open_at(folder, OFlags::RDONLY | OFlags::DIRECTORY)?;
        Ok((folder, name))
    }

    /// A file to read, and what it is.
    pub(crate) fn read(&self, path: &[u8]) -> Result<(File, Entity), Refusal> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = self.open_at(path, flags)?;
        let entity = entity(&file, path)?;
        match entity.kind {
            Kind::File | Kind::Folder => Ok((File::from(file), entity)),
            Kind::Link | Kind::Special => Err(Refusal::system(Errno::NXIO, path)),
        }
    }

    /// Makes the folders above a path that are missing, durably.
    pub(crate) fn make_parents(&self, path: &[u8]) -> Result<(), Refusal> {
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        for (end, _) in slashes {
            let folder = &path[..end];
            let there = self.open_at(folder, OFlags::PATH | OFlags::DIRECTORY);
            match there {
                Ok(_) => {}
                Err(refusal) if refusal.reason == Reason::NotFound => self.make_folder(folder)?,
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(())
    }

    /// Makes a folder, durably; one that somebody else made meanwhile will do.
    fn make_folder(&self, path: &[u8]) -> Result<(), Refusal> {
        let (parent, name) = self.parent(path)?;
        match mkdirat(&parent, name, self.folder_permissions(0o777)) {
            Ok(()) => sync(&parent, path),
            Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(Refusal::system(errno, path)),
        }
    }

    /// Makes a folder that is not there yet, durably.
    pub(crate) fn make_new_folder(&self, path: &[u8], mode: u32) -> Result<(), Refusal> {
        let (parent, name) = self.parent(path)?;
        mkdirat(&parent, name, self.folder_permissions(mode))
            .map_err(|errno| Refusal::system(errno, path))?;
        sync(&parent, path)
    }

    /// What a file may get of these permissions.
    pub(crate) fn permissions(&self, mode: u32) -> Mode {
        Mode::from_raw_mode(mode & 0o777 & !self.umask)
    }

    /// What a folder may get of these permissions, and all of them for its owner: the agent must be
    /// able to count, to replace and to remove what is in it.
    pub(crate) fn folder_permissions(&self, mode: u32) -> Mode {
        self.permissions(mode) | Mode::RWXU
    }

    /// Refuses what would leave less space free than must be.
    pub(crate) fn check_space(&self, bytes: u64) -> Result<(), Refusal> {
        let space = fstatvfs(&self.folder).map_err(|errno| Refusal::system(errno, b""))?;
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        if free >= bytes.saturating_add(self.min_free) {
            return Ok(());
        }
        Err(Refusal::new(
            Reason::Space,
            format!(
                "{bytes} bytes are to come, and of {free} free bytes {} stay free",
                self.min_free
            ),
            "make room on the filesystem, or lower plugins.file-transfer.min_free",
        ))
    }

    /// Free bytes of the filesystem, for users without privileges.
    pub(crate) fn free(&self) -> Option<u64> {
        let space = fstatvfs(&self.folder).ok()?;
        Some(space.f_bavail.saturating_mul(space.f_frsize))
    }

    /// Where uploads wait; refused where the root may not be written.
    pub(crate) fn writable(&self) -> Result<&Partials, Refusal> {
        let refused = || self.not_allowed("written", "write");
        let partials = self.settings.write.then_some(self.partials.as_ref());
        partials.flatten().ok_or_else(refused)
    }

    /// Where deleted folders wait; refused where nothing may be deleted.
    pub(crate) fn deletable(&self) -> Result<&Partials, Refusal> {
        let refused = || self.not_allowed("deleted", "delete");
        let partials = self.settings.delete.then_some(self.partials.as_ref());
        partials.flatten().ok_or_else(refused)
    }

    /// Where uploads wait, where there may be some.
    pub(crate) fn partials(&self) -> Option<&Partials> {
        self.partials.as_ref()
    }

    fn not_allowed(&self, what: &str, key: &str) -> Refusal {
        let name = &self.name;
        Refusal::new(
            Reason::NotAllowed,
            format!("nothing may be {what} beneath {name}"),
            format!("set plugins.file-transfer.roots.{name}.{key} to true"),
        )
    }

    /// Between this and its drop nobody else replaces a file beneath the root through the agent.
    pub(crate) fn publishing(&self) -> MutexGuard<'_, ()> {
        self.publishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }
}

/// No way out: not by `..`, absolute links, links of /proc or mounts.
const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);

/// Opens a path beneath a folder; the empty one is the folder itself.
pub(crate) fn beneath(
    folder: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    follow: bool,
) -> Result<OwnedFd, Refusal> {
    let resolve = if follow {
        BENEATH
    } else {
        BENEATH.union(ResolveFlags::NO_SYMLINKS)
    };
    let name = if path.is_empty() { b"." } else { path };
    let flags = flags | OFlags::CLOEXEC;
    for _ in 0..TRIES {
        match openat2(folder, name, flags, Mode::empty(), resolve) {
            // Something was moved just then, and the kernel cannot tell whether it led out.
            Err(Errno::AGAIN | Errno::INTR) => {}
            opened => return opened.map_err(|errno| Refusal::system(errno, path)),
        }
    }
    Err(Refusal::system(Errno::AGAIN, path))
}

/// The name by which the system's own calls reach a descriptor, whatever its path is now.
pub(crate) fn magic(file: impl AsFd) -> String {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())
}

/// The path of a descriptor, as the kernel has it.
fn place(file: impl AsFd) -> rustix::io::Result<Vec<u8>> {
    readlinkat(CWD, magic(file), Vec::new()).map(CString::into_bytes)
}

/// What a descriptor is of.
pub(crate) fn entity(file: impl AsFd, path: &[u8]) -> Result<Entity, Refusal> {
    let stat = fstat(file).map_err(|errno| Refusal::system(errno, path))?;
    Ok(Entity::from(&stat))
}

/// What has this name in a folder, if anything. A link is shown as one.
pub(crate) fn entity_at(folder: BorrowedFd<'_>, name: &[u8]) -> Result<Option<Entity>, Refusal> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(Entity::from(&stat))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Refusal::system(errno, name)),
    }
}

/// Makes durable which names a folder has.
pub(crate) fn sync(folder: impl AsFd, path: &[u8]) -> Result<(), Refusal> {
    let synced = retry_on_intr(|| rustix::fs::fsync(&folder));
    synced.map_err(|errno| Refusal::system(errno, path))
}

/// Refuses what is there where it is no file that may be replaced.
pub(crate) fn replaceable(there: Option<&Entity>, path: &[u8]) -> Result<(), Refusal> {
    match there.map(|entity| entity.kind) {
        None | Some(Kind::File) => Ok(()),
        Some(Kind::Folder) => Err(Refusal::system(Errno::ISDIR, path)),
        Some(Kind::Special) => Err(Refusal::system(Errno::NXIO, path)),
        Some(Kind::Link) => Err(Refusal::new(
            Reason::Link,
            format!("{} is a symbolic link, and none is replaced", show(path)),
            "delete the link first, or name the file that it leads to",
        )),
    }
}
