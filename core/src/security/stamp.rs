//! Tells cheaply whether a file has changed.

use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// What changes with a file's content: another inode by an exchange, time and size by a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of the file at this path; nothing where there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|file| Self::from(&file))
    }
}

impl From<&Metadata> for Stamp {
    fn from(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// Says when it is time to look at files again: to one caller, once a second at most.
#[derive(Debug)]
pub(super) struct Rhythm {
    begun: Instant,
    /// Milliseconds from `begun` to the next look.
    next: AtomicU64,
}

impl Rhythm {
    const PERIOD: Duration = Duration::from_secs(1);

    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            next: AtomicU64::new(millis(Self::PERIOD)),
        }
    }

    /// Whether the caller shall look.
    pub(super) fn is_due(&self) -> bool {
        let now = millis(self.begun.elapsed());
        let next = self.next.load(Ordering::Relaxed);
        now >= next
            && self
                .next
                .compare_exchange(
                    next,
                    now + millis(Self::PERIOD),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
    }

    /// Makes it due, for tests that do not wait.
    #[cfg(test)]
    pub(super) fn skip(&self) {
        self.next.store(0, Ordering::Relaxed);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
