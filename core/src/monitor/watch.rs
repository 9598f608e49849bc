//! Watches the plugin folders.
//!
//! Local file systems tell of changes by inotify. Network file systems do not, and neither does a
//! change above a folder's parent: those take effect at a reload.

use std::{
    collections::{BTreeSet, HashMap},
    ffi::{OsStr, OsString},
    io,
    mem::MaybeUninit,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::{
    fs::inotify::{self, CreateFlags, Event, ReadFlags, Reader, WatchFlags},
    io::Errno,
};
use tokio::net::unix::pipe;

/// What ends names that matter: libraries, and signatures beside them.
const ENDINGS: [&[u8]; 2] = [b".so", b".so.minisig"];
/// Room for the events of one read; one takes up to 272 bytes.
const BUFFER: usize = 4096;

/// Watches folders for libraries that come, change and go.
pub(super) struct Watch {
    inotify: Result<OwnedFd, Errno>,
    /// By the kernel's number of each watched folder.
    watched: Mutex<HashMap<i32, Watched>>,
}

/// What matters of a watched folder.
#[derive(Default)]
struct Watched {
    /// Its libraries do.
    libraries: bool,
    /// Plugin folders in it, which may come and go.
    folders: BTreeSet<OsString>,
}

/// Changes, one after the other.
pub(super) struct Changes<'a> {
    watch: &'a Watch,
    /// Not a pipe, but read as one: it is what the runtime waits for without unsafe code.
    ready: pipe::Receiver,
}

impl Watch {
    /// A watch of nothing yet.
    pub(super) fn new() -> Self {
        Self {
            inotify: inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC),
            watched: Mutex::default(),
        }
    }

    /// Watches these folders from now on, and no others. One that does not exist is watched once
    /// it does, if this is called again then: its coming is a change.
    pub(super) fn follow(&self, folders: &[PathBuf]) {
        let Ok(inotify) = &self.inotify else {
            return;
        };
        let mut new = HashMap::new();
        for folder in folders {
            watch_folder(inotify, folder, &mut new);
            watch_above(inotify, folder, &mut new);
        }
        let mut watched = self.watched();
        for gone in watched.keys().filter(|number| !new.contains_key(number)) {
            // Where the folder is gone the kernel watches it no more.
            let _ = inotify::remove_watch(inotify, *gone);
        }
        *watched = new;
    }

    /// The changes from now on. To be called within the runtime.
    pub(super) fn changes(&self) -> io::Result<Changes<'_>> {
        let inotify = self.inotify.as_ref().map_err(|errno| *errno)?;
        Ok(Changes {
            watch: self,
            ready: pipe::Receiver::from_owned_fd_unchecked(inotify.try_clone()?)?,
        })
    }

    /// Reads all events that are there; answers whether one of them matters.
    fn read(&self, inotify: impl AsFd) -> bool {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut events = Reader::new(inotify, &mut buffer);
        let watched = self.watched();
        let mut matters = false;
        while let Ok(event) = events.next() {
            matters |= watched.matters(&event);
        }
        matters
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<i32, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Changes<'_> {
    /// Waits for the next change.
    pub(super) async fn next(&mut self) {
        let mut matters = false;
        while !matters {
            if self.ready.readable().await.is_err() {
                // The runtime is ending.
                return std::future::pending().await;
            }
            // All is read then, so that the next wait waits.
            let _ = self.ready.try_io(|| {
                matters = self.watch.read(&self.ready);
                Err::<(), _>(io::ErrorKind::WouldBlock.into())
            });
        }
    }
}

/// Which events matter.
trait Matters {
    fn matters(&self, event: &Event<'_>) -> bool;
}

impl Matters for HashMap<i32, Watched> {
    fn matters(&self, event: &Event<'_>) -> bool {
        if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
            return true;
        }
        let Some(watched) = self.get(&event.wd()) else {
            return false;
        };
        match event.file_name() {
            Some(name) => {
                let name = OsStr::from_bytes(name.to_bytes());
                (watched.libraries && is_library(name)) || watched.folders.contains(name)
            }
            // Of the folder itself: it is gone, or its owner or mode is another.
            None => watched.libraries,
        }
    }
}

fn watch_folder(inotify: &OwnedFd, folder: &Path, watched: &mut HashMap<i32, Watched>) {
    let events = WatchFlags::ATTRIB
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::MODIFY
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | coming_and_going();
    match inotify::add_watch(inotify, folder, events | WatchFlags::ONLYDIR) {
        Ok(number) => watched.entry(number).or_default().libraries = true,
        // It is said at every reload that it is missing.
        Err(Errno::NOENT | Errno::NOTDIR) => {}
        Err(error) => tracing::warn!(
            folder = %folder.display(),
            %error,
            "plugins in this folder are not watched; SIGHUP makes changes take effect"
        ),
    }
}

/// Watches the nearest folder above that exists, for the next one on the way to come or go.
fn watch_above(inotify: &OwnedFd, folder: &Path, watched: &mut HashMap<i32, Watched>) {
    let events = coming_and_going() | WatchFlags::MASK_ADD | WatchFlags::ONLYDIR;
    for path in folder.ancestors() {
        let (Some(name), Some(above)) = (path.file_name(), path.parent()) else {
            return;
        };
        let here = Path::new(".");
        let above = if above == Path::new("") { here } else { above };
        match inotify::add_watch(inotify, above, events) {
            Ok(number) => {
                let watched = watched.entry(number).or_default();
                watched.folders.insert(name.to_owned());
                return;
            }
            Err(Errno::NOENT | Errno::NOTDIR) => {}
            Err(error) => {
                tracing::debug!(folder = %above.display(), %error, "is not watched");
                return;
            }
        }
    }
}

fn coming_and_going() -> WatchFlags {
    WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::MOVED_TO
}

/// As the loader looks for them; hidden names are files that are not yet whole.
fn is_library(name: &OsStr) -> bool {
    let name = name.as_bytes();
    !name.starts_with(b".") && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{fs, time::Duration};

    use tokio::time::timeout;

    use super::*;

    const BOUND: Duration = Duration::from_mins(1);

    fn watch(folder: &Path) -> Watch {
        let watch = Watch::new();
        watch.follow(&[folder.to_owned()]);
        watch
    }

    /// Whether what happened until now matters.
    fn changed(watch: &Watch) -> bool {
        watch.read(watch.inotify.as_ref().unwrap())
    }

    #[tokio::test]
    async fn a_library_that_is_renamed_into_the_folder_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let watch = watch(folder.path());
        let mut changes = watch.changes().unwrap();
        fs::write(folder.path().join(".a.so.part"), "x").unwrap();
        assert!(!changed(&watch));
        fs::rename(folder.path().join(".a.so.part"), folder.path().join("a.so")).unwrap();
        timeout(BOUND, changes.next()).await.unwrap();
        assert!(!changed(&watch));
        fs::remove_file(folder.path().join("a.so")).unwrap();
        timeout(BOUND, changes.next()).await.unwrap();
    }

    #[test]
    fn other_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let watch = watch(folder.path());
        for name in ["notes.txt", ".hidden.so", "so"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        assert!(!changed(&watch));
        fs::write(folder.path().join("a.so.minisig"), "x").unwrap();
        assert!(changed(&watch));
    }

    #[test]
    fn a_folder_that_comes_later_is_watched_then() {
        let above = tempfile::tempdir().unwrap();
        let (outer, folder) = (above.path().join("a"), above.path().join("a/b"));
        let watch = watch(&folder);
        fs::create_dir(above.path().join("other")).unwrap();
        assert!(!changed(&watch));
        for (made, is_library) in [
            (&outer, false),
            (&folder, false),
            (&folder.join("x.so"), true),
        ] {
            if is_library {
                fs::write(made, "x").unwrap();
            } else {
                fs::create_dir(made).unwrap();
            }
            assert!(changed(&watch), "{}", made.display());
            watch.follow(std::slice::from_ref(&folder));
        }
    }

    #[test]
    fn a_folder_that_is_made_anew_is_watched_again() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("plugins");
        fs::create_dir(&folder).unwrap();
        let watch = watch(&folder);
        fs::remove_dir(&folder).unwrap();
        assert!(changed(&watch));
        fs::create_dir(&folder).unwrap();
        assert!(changed(&watch));
        watch.follow(std::slice::from_ref(&folder));
        fs::write(folder.join("a.so"), "x").unwrap();
        assert!(changed(&watch));
    }

    #[test]
    fn what_is_not_followed_any_more_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let watch = watch(folder.path());
        watch.follow(&[]);
        fs::write(folder.path().join("a.so"), "x").unwrap();
        assert!(!changed(&watch));
    }
}
