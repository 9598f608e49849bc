//! The audit log: what was run and moved, by whom, in lines that name the hash of the line before.
//!
//! `docs/audit.md` has its format, what a verification finds, and what it cannot.
//!
//! ```text
//! append ─► queue ─► writer (one thread) ─► journal ─► segment   audit-<first record>.jsonl
//!                                              └─────► head      the last durable record
//! ```

mod chain;
mod error;
mod folder;
mod head;
mod journal;
mod lines;
mod record;
mod scan;
mod segment;
mod start;
#[cfg(test)]
mod tests;
pub mod verify;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc::RecvTimeoutError},
    thread::{self, JoinHandle},
    time::Instant,
};

use parking_lot::Mutex;

pub use error::AuditError;
pub use record::{LONGEST, RecordError};

use self::{
    folder::Folder,
    journal::{Journal, Limits, Record},
    segment::{Direct, Disk},
    writer::{Queue, Writer},
};
use crate::{config, instruments};

/// The folder of the log within the state folder.
pub fn folder(state_folder: &Path) -> PathBuf {
    state_folder.join("audit")
}

/// An audit log that is open. No other process can open the same one meanwhile.
pub struct Audit {
    queue: Arc<Queue>,
    metrics: instruments::Audit,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    /// Opens the log in this folder, or begins one there, and records that.
    pub fn open(
        folder: &Path,
        settings: &config::Audit,
        metrics: instruments::Audit,
    ) -> Result<Arc<Self>, AuditError> {
        let limits = Limits {
            max_size: settings.max_size.bytes(),
            keep: settings.keep as usize,
        };
        Self::open_on(Arc::new(Direct), folder, limits, metrics)
    }

    fn open_on(
        disk: Arc<dyn Disk>,
        path: &Path,
        limits: Limits,
        metrics: instruments::Audit,
    ) -> Result<Arc<Self>, AuditError> {
        let journal = Journal::open(Folder::open(path)?, disk, limits)?;
        tracing::info!(file = %journal.path().display(), "audit log");
        let queue = Arc::new(Queue::default());
        let writer = Writer::new(journal, Arc::clone(&queue), metrics.clone());
        let thread = thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| AuditError::open(path, &error))?;
        Ok(Arc::new(Self {
            queue,
            metrics,
            thread: Mutex::new(Some(thread)),
        }))
    }

    /// Records what a component tells, a JSON object of at most [`LONGEST`] bytes. With a moment to
    /// wait until it returns once the record is durable; without one it is written in its order,
    /// and synced with the next one that somebody waits for, or within a second.
    ///
    /// After an error what the record tells of must not be done. The record is not in the log then,
    /// except after [`AuditError::Late`] and [`AuditError::Sync`], when that is not known.
    pub fn append(
        &self,
        component: &str,
        record: &str,
        wait: Option<Instant>,
    ) -> Result<(), AuditError> {
        let put = record::fields(record).map_err(AuditError::from);
        let put = put.and_then(|fields| {
            let component = component.to_owned();
            self.queue.put(Record { component, fields }, wait.is_some())
        });
        let answer = put.inspect_err(|error| self.metrics.failed(error.reason()))?;
        let (Some(answer), Some(until)) = (answer, wait) else {
            return Ok(());
        };
        match answer.recv_timeout(until.saturating_duration_since(Instant::now())) {
            // The writer has counted what failed there.
            Ok(written) => written,
            Err(RecvTimeoutError::Timeout) => {
                self.metrics.failed(AuditError::Late.reason());
                Err(AuditError::Late)
            }
            Err(RecvTimeoutError::Disconnected) => Err(AuditError::Closed),
        }
    }

    /// Writes and syncs what there is, and takes no more.
    pub fn close(&self) {
        self.queue.close();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            // It does not panic; if it did, all is lost that could be.
            let _ = thread.join();
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.close();
    }
}
