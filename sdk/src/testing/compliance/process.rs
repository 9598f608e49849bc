//! What the process holds.

use std::{
    fs, io, thread,
    time::{Duration, Instant},
};

use crate::{Error, Result};

/// How long what was stopped may take to end its threads and close its files.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the process holds. Only in a child is that the business of one component.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holdings {
    /// Open files.
    pub(super) descriptors: usize,
    pub(super) threads: usize,
    /// Resident memory, in KiB.
    pub(super) memory: usize,
}

impl Holdings {
    pub(super) fn now() -> Result<Self> {
        let entries = |folder: &str| -> io::Result<usize> { Ok(fs::read_dir(folder)?.count()) };
        let status = fs::read_to_string("/proc/self/status")?;
        let mut lines = status.lines();
        let memory = lines.find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = memory.and_then(|text| text.split_whitespace().next()?.parse().ok());
        Ok(Self {
            descriptors: entries("/proc/self/fd")?,
            threads: entries("/proc/self/task")?,
            memory: memory.ok_or_else(|| Error::failed("/proc/self/status has no VmRSS"))?,
        })
    }

    /// Waits until neither files nor threads are more by `most` than before, and gives how many more
    /// there are of each.
    pub(super) fn left_since(before: Self, most: usize) -> Result<[(&'static str, usize); 2]> {
        let start = Instant::now();
        loop {
            let now = Self::now()?;
            let left = [
                (
                    "open files",
                    now.descriptors.saturating_sub(before.descriptors),
                ),
                ("threads", now.threads.saturating_sub(before.threads)),
            ];
            if left.iter().all(|(_, count)| *count < most) || start.elapsed() > PATIENCE {
                return Ok(left);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
