//! How much space a file system has, asked from a thread that may be left behind.
//!
//! The kernel's answer can take for ever where a file server is dead, and a thread that waits for
//! it cannot be ended. So another thread asks. Where it does not come back in time, the file
//! system is passed over until it does: at most one thread waits for each.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError},
    thread,
};

use gaxx_sdk::prelude::*;
use rustix::{fs::statvfs, io::retry_on_intr};

/// The space of a file system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Space {
    /// Bytes in all.
    pub(crate) size: f64,
    /// Bytes that nobody uses.
    pub(crate) free: f64,
    /// Those that others than root may use.
    pub(crate) available: f64,
    /// How many files it can hold.
    pub(crate) files: f64,
    /// How many more files it can take.
    pub(crate) files_free: f64,
}

/// Asks file systems for their space.
#[derive(Debug)]
pub(crate) struct Surveyor {
    ask: fn(&Path) -> io::Result<Space>,
    patience: Duration,
    worker: Option<Worker>,
    /// Workers that still wait, by what they wait for.
    stuck: HashMap<PathBuf, Worker>,
}

/// A thread that asks. It ends when it has answered and nobody holds this any more.
#[derive(Debug)]
struct Worker {
    requests: Sender<PathBuf>,
    answers: Receiver<io::Result<Space>>,
}

impl Surveyor {
    /// One that waits this long for a file system.
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            ask: space,
            patience,
            worker: None,
            stuck: HashMap::new(),
        }
    }

    /// The space of the file system at `path`, within our patience and the deadline.
    pub(crate) fn survey(&mut self, path: &Path, deadline: Deadline) -> io::Result<Space> {
        if let Some(worker) = self.stuck.get(path) {
            match worker.answers.try_recv() {
                Err(TryRecvError::Empty) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) | Err(TryRecvError::Disconnected) => {
                    info!("{} answers again", path.display());
                    self.stuck.remove(path);
                }
            }
        }
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::start(self.ask)?,
        };
        if worker.requests.send(path.to_owned()).is_err() {
            return Err(io::Error::other("the thread that asks has ended"));
        }
        match worker
            .answers
            .recv_timeout(self.patience.min(deadline.remaining()))
        {
            Ok(answer) => {
                self.worker = Some(worker);
                answer
            }
            Err(RecvTimeoutError::Timeout) => {
                warn!(
                    "{} does not answer and is passed over until it does",
                    path.display()
                );
                self.stuck.insert(path.to_owned(), worker);
                Err(io::ErrorKind::TimedOut.into())
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(io::Error::other("the thread that asks has ended"))
            }
        }
    }
}

impl Worker {
    fn start(ask: fn(&Path) -> io::Result<Space>) -> io::Result<Self> {
        let (requests, paths) = mpsc::channel::<PathBuf>();
        let (sender, answers) = mpsc::channel();
        thread::Builder::new()
            .name("statvfs".into())
            .spawn(move || {
                for path in paths {
                    if sender.send(ask(&path)).is_err() {
                        break;
                    }
                }
            })?;
        Ok(Self { requests, answers })
    }
}

fn space(path: &Path) -> io::Result<Space> {
    let found = retry_on_intr(|| statvfs(path))?;
    let bytes = |blocks: u64| blocks as f64 * found.f_frsize as f64;
    Ok(Space {
        size: bytes(found.f_blocks),
        free: bytes(found.f_bfree),
        available: bytes(found.f_bavail),
        files: found.f_files as f64,
        files_free: found.f_ffree as f64,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::{Mutex, PoisonError};

    /// The dead server does not answer while a test holds this.
    static DEAD: Mutex<()> = Mutex::new(());

    fn ask(path: &Path) -> io::Result<Space> {
        if path == Path::new("/dead") {
            drop(DEAD.lock().unwrap_or_else(PoisonError::into_inner));
        }
        space(Path::new("/"))
    }

    #[test]
    fn one_that_hangs_is_passed_over_until_it_answers() {
        let deadline = Deadline::after(Duration::from_mins(1));
        let mut surveyor = Surveyor {
            ask,
            ..Surveyor::new(Duration::from_millis(20))
        };
        let is_dead = DEAD.lock().unwrap();
        for _ in 0..3 {
            let error = surveyor.survey(Path::new("/dead"), deadline).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        }
        assert_eq!(surveyor.stuck.len(), 1);
        surveyor.patience = Duration::from_secs(30);
        surveyor.survey(Path::new("/"), deadline).unwrap();
        drop(is_dead);
        while surveyor.survey(Path::new("/dead"), deadline).is_err() {
            thread::yield_now();
        }
        assert!(surveyor.stuck.is_empty());
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let mut surveyor = Surveyor::new(Duration::from_secs(30));
        let deadline = Deadline::after(Duration::from_mins(1));
        assert!(
            surveyor
                .survey(Path::new("/nowhere/at/all"), deadline)
                .is_err()
        );
        surveyor.survey(Path::new("/"), deadline).unwrap();
    }
}
