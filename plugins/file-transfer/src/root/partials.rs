//! Uploads that are not whole yet: files and folders in a hidden folder of the root, so that a rename
//! publishes them.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use gaxx_sdk::{Error, Explain};
use rustix::{
    fs::{
        AtFlags, FlockOperation, Mode, OFlags, ResolveFlags, fchmod, flock, fstat, mkdirat,
        openat2, unlinkat,
    },
    io::{Errno, retry_on_intr},
    process::geteuid,
    rand::{GetRandomFlags, getrandom},
};

use super::{
    BENEATH,
    complaint::Complaint,
    discard::{discard, open_up},
    entity_at,
    walk::{Walked, names, walk},
};
use crate::{
    address::PARTIAL,
    entity::Kind,
    refusal::{Reason, Refusal},
};

/// How often a file is opened again that was swept just then.
const TRIES: usize = 8;

/// The hidden folder.
#[derive(Debug)]
pub(crate) struct Partials {
    folder: Arc<OwnedFd>,
    /// Held from when something is made until it is locked: it would be swept in between.
    making: Mutex<()>,
    /// That something here cannot be removed.
    stuck: Complaint,
}

/// A file that is being uploaded. Nobody else writes it: it is locked. Dropped it is removed, unless
/// it was published, or can be resumed and holds something.
#[derive(Debug)]
pub(crate) struct Partial {
    pub(crate) file: File,
    folder: Arc<OwnedFd>,
    name: String,
    resumable: bool,
    published: bool,
}

/// A folder that is being uploaded. Dropped it is removed with all that is in it, unless it was
/// published.
#[derive(Debug)]
pub(crate) struct StagedFolder {
    /// The folder for the content, in another that only this user can enter and that is locked.
    pub(crate) folder: OwnedFd,
    outer: OwnedFd,
    partials: Arc<OwnedFd>,
    name: String,
}

/// The name of the content in its folder.
pub(crate) const STAGED: &str = "content";

/// Why the hidden folder cannot be used.
pub(crate) enum Unusable {
    System(Errno),
    /// It is there, and not this user's alone.
    NotOwn,
}

impl Unusable {
    pub(crate) fn explain_key(self, key: &str, path: &str) -> Error {
        let (message, remedy) = match self {
            Self::System(errno) => (
                errno.to_string(),
                "let the agent's user write to the folder, or set `write` and `delete` to false",
            ),
            Self::NotOwn => (
                "somebody else made it, or others can enter it".to_owned(),
                "remove it while no agent runs",
            ),
        };
        Err::<(), _>(Error::settings(message).remedy(remedy))
            .explain(|| format!("{key}: {path}/{PARTIAL}"))
            .err()
            .unwrap_or_else(|| Error::settings("unusable"))
    }
}

impl Partials {
    /// Opens the hidden folder of a root, and makes it where it is missing.
    pub(crate) fn open(root: &OwnedFd) -> Result<Self, Unusable> {
        match mkdirat(root, PARTIAL, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(Unusable::System(errno)),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = BENEATH.union(ResolveFlags::NO_SYMLINKS);
        let folder = retry_on_intr(|| openat2(root, PARTIAL, flags, Mode::empty(), resolve));
        let folder = folder.map_err(Unusable::System)?;
        let stat = fstat(&folder).map_err(Unusable::System)?;
        // Who could enter it could put links there, or read what is not published yet.
        if stat.st_uid != geteuid().as_raw() || stat.st_mode & 0o077 != 0 {
            return Err(Unusable::NotOwn);
        }
        Ok(Self {
            folder: Arc::new(folder),
            making: Mutex::new(()),
            stuck: Complaint::default(),
        })
    }

    /// A new file, removed unless it is published.
    pub(crate) fn once(&self) -> Result<Partial, Refusal> {
        self.partial(unique("once"), OFlags::CREATE)
    }

    /// The file of this name, which stays when the upload is interrupted; made where it is missing.
    pub(crate) fn resumable(&self, name: String) -> Result<Partial, Refusal> {
        let mut partial = self.partial(name, OFlags::CREATE)?;
        partial.resumable = true;
        Ok(partial)
    }

    /// The file of this name that an interrupted upload has left, to be removed.
    pub(crate) fn left(&self, name: String) -> Result<Partial, Refusal> {
        self.partial(name, OFlags::empty())
    }

    /// The bytes of an upload that have come so far.
    pub(crate) fn progress(&self, name: &str) -> Result<Option<u64>, Refusal> {
        Ok(entity_at(self.folder.as_fd(), name.as_bytes())?.map(|entity| entity.size))
    }

    fn partial(&self, name: String, create: OFlags) -> Result<Partial, Refusal> {
        let refused = |errno: Errno| match errno {
            Errno::WOULDBLOCK => Refusal::new(
                Reason::Busy,
                "this upload is at work on another connection",
                "wait until that one has ended, which may take half a minute after it was lost",
            )
            .retry_after(Duration::from_secs(1)),
            errno => Refusal::system(errno, b"the upload"),
        };
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | create;
        let resolve = BENEATH.union(ResolveFlags::NO_SYMLINKS);
        let mode = if create.is_empty() {
            Mode::empty()
        } else {
            Mode::RUSR | Mode::WUSR
        };
        let _making = self.making();
        for _ in 0..TRIES {
            let open = || openat2(&self.folder, name.as_str(), flags, mode, resolve);
            let file = retry_on_intr(open).map_err(refused)?;
            flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(refused)?;
            // The sweeper, or who published it, was faster than the lock.
            if fstat(&file).map_err(refused)?.st_nlink > 0 {
                return Ok(Partial {
                    file: File::from(file),
                    folder: Arc::clone(&self.folder),
                    name,
                    resumable: false,
                    published: false,
                });
            }
        }
        Err(refused(Errno::WOULDBLOCK))
    }

    /// A new folder for a whole tree.
    pub(crate) fn stage(&self) -> Result<StagedFolder, Refusal> {
        let name = unique("tree");
        let refused = |errno: Errno| Refusal::system(errno, b"the upload");
        let _making = self.making();
        mkdirat(&self.folder, name.as_str(), Mode::RWXU).map_err(refused)?;
        let open = |folder: BorrowedFd<'_>, name: &str| {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let resolve = BENEATH.union(ResolveFlags::NO_SYMLINKS);
            let open = || openat2(folder, name, flags, Mode::empty(), resolve);
            retry_on_intr(open).map_err(refused)
        };
        let outer = open(self.folder.as_fd(), &name)?;
        flock(&outer, FlockOperation::NonBlockingLockExclusive).map_err(refused)?;
        mkdirat(&outer, STAGED, Mode::RWXU).map_err(refused)?;
        let folder = open(outer.as_fd(), STAGED)?;
        Ok(StagedFolder {
            folder,
            outer,
            partials: Arc::clone(&self.folder),
            name,
        })
    }

    /// A new name here for a folder that is to be removed, which is moved to it before.
    pub(crate) fn tomb(&self) -> (BorrowedFd<'_>, String) {
        (self.folder.as_fd(), unique("gone"))
    }

    /// Removes what is to go: what a crash has left, and interrupted uploads of which nothing came
    /// for `lifetime`. Answers how many there were, their bytes, and how many stay. One that cannot be
    /// removed is passed over, and the log says so once.
    pub(crate) fn sweep(&self, lifetime: Duration) -> Result<Swept, Refusal> {
        let mut all = Vec::new();
        names(&self.folder, PARTIAL.as_bytes(), |name| {
            all.push(String::from_utf8_lossy(name).into_owned());
            Ok::<(), Refusal>(())
        })?;
        let mut swept = Swept::default();
        let mut wrong = None;
        for name in all {
            match self.sweep_one(&name, lifetime) {
                Ok(Some(bytes)) => {
                    swept.count += 1;
                    swept.bytes += bytes;
                }
                Ok(None) => swept.left += 1,
                Err(refusal) => {
                    swept.left += 1;
                    let text =
                        || format!("{PARTIAL}/{name} cannot be removed: {}", refusal.message);
                    wrong.get_or_insert_with(text);
                }
            }
        }
        self.stuck.tell(wrong.as_deref());
        Ok(swept)
    }

    /// The bytes of one that was removed; nothing where it stays.
    fn sweep_one(&self, name: &str, lifetime: Duration) -> Result<Option<u64>, Refusal> {
        let Some(entity) = entity_at(self.folder.as_fd(), name.as_bytes())? else {
            return Ok(None);
        };
        let resumable = name.starts_with("resume-");
        let modified = SystemTime::UNIX_EPOCH
            + Duration::from_secs(u64::try_from(entity.modified.seconds).unwrap_or_default());
        // One from the future, after a change of the clock, is fresh.
        let age = modified.elapsed().unwrap_or_default();
        if resumable && age < lifetime {
            return Ok(None);
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let resolve = BENEATH.union(ResolveFlags::NO_SYMLINKS);
        let refused = |errno: Errno| Refusal::system(errno, name.as_bytes());
        let making = self.making();
        let open = || retry_on_intr(|| openat2(&self.folder, name, flags, Mode::empty(), resolve));
        let file = match open() {
            Err(Errno::ACCESS) => {
                open_up(self.folder.as_fd(), name.as_bytes(), &entity);
                open()
            }
            file => file,
        };
        let file = match file {
            Err(Errno::NOENT) => return Ok(None),
            file => file.map_err(refused)?,
        };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(None);
        }
        if entity.kind == Kind::Folder {
            drop(making);
            return discard(self.folder.as_fd(), name).map(Some);
        }
        unlinkat(&self.folder, name, AtFlags::empty()).map_err(refused)?;
        Ok(Some(entity.size))
    }

    fn making(&self) -> MutexGuard<'_, ()> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored here, in folders too: the bytes of files, and blocks that were set aside for them.
    pub(crate) fn stored(&self, cancelled: impl Fn() -> bool) -> Result<Walked, Refusal> {
        walk(self.folder.as_fd(), cancelled, |file| {
            file.size.max(file.allocated)
        })
    }
}

/// What a sweep has removed and left.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swept {
    pub(crate) count: usize,
    pub(crate) bytes: u64,
    pub(crate) left: usize,
}

impl Partial {
    /// Where the file is, to be renamed from.
    pub(crate) fn place(&self) -> (BorrowedFd<'_>, &str) {
        (self.folder.as_fd(), &self.name)
    }

    /// Whether it stays when the upload is interrupted.
    pub(crate) fn is_resumable(&self) -> bool {
        self.resumable
    }

    /// It has another name now, beneath the root.
    pub(crate) fn published(&mut self) {
        self.published = true;
    }

    /// Removes it; answers the bytes that it had.
    pub(crate) fn remove(mut self) -> io::Result<u64> {
        self.resumable = false;
        self.file.metadata().map(|metadata| metadata.len())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        let size = self.file.metadata().map_or(0, |metadata| metadata.len());
        if self.resumable && size > 0 {
            // Gives back what was set aside for the rest, and the mode that it was to have.
            let _ = self.file.set_len(size);
            let _ = fchmod(&self.file, Mode::RUSR | Mode::WUSR);
        } else {
            // What cannot be removed is swept.
            let _ = unlinkat(&self.folder, self.name.as_str(), AtFlags::empty());
        }
    }
}

impl StagedFolder {
    /// The folder that the content is in, to be renamed from there as [`STAGED`].
    pub(crate) fn outer(&self) -> BorrowedFd<'_> {
        self.outer.as_fd()
    }
}

impl Drop for StagedFolder {
    fn drop(&mut self) {
        // What cannot be removed is swept.
        let _ = discard(self.partials.as_fd(), &self.name);
    }
}

/// A name that nobody else has.
pub(crate) fn unique(kind: &str) -> String {
    format!("{kind}-{}", random())
}

/// 32 random hexadecimal digits.
pub(crate) fn random() -> String {
    let mut bytes = [0; 16];
    let filled = getrandom(&mut bytes, GetRandomFlags::empty());
    debug_assert_eq!(filled, Ok(16), "the kernel gives so few bytes at once");
    crate::digest::hex(&bytes)
}
