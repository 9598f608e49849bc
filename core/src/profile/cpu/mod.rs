//! Samples of who uses the CPU.
//!
//! ```text
//! timer ─▶ handler ─▶ recorder ─▶ log ─▶ tally ─▶ report
//! CPU time  a signal   walks the   200 ms  a thread   pprof's format
//!                      stack               counts
//! ```
//!
//! The kernel signals a thread that runs, each time the process has used so much CPU time. What
//! then happens within that thread, wherever it was interrupted, takes no memory, waits for
//! nobody and reads no address that it cannot trust. A thread counts what was recorded.

mod entry;
mod handler;
mod log;
mod memory;
mod recorder;
mod report;
mod tally;
#[cfg(test)]
mod tests;
mod timer;
mod walk;

use std::{
    io,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

use rustix::time::{ClockId, clock_gettime};

use self::{recorder::Recording, tally::Tally, timer::Timer};
use super::ProfileError;

/// Samples that are being taken; dropping it ends that.
#[derive(Debug)]
pub(super) struct Sampling {
    timer: Option<Timer>,
    stop: Option<mpsc::Sender<()>>,
    /// Counts what is recorded, until it is told to stop.
    counting: Option<JoinHandle<Tally>>,
    hertz: u32,
    began: SystemTime,
    since: Instant,
    used_before: Duration,
}

impl Sampling {
    /// Begins. There is one at a time in a process.
    pub(super) fn start(hertz: u32) -> Result<Self, ProfileError> {
        let hertz = hertz.max(1);
        let recording = Recording::begin()?;
        handler::install().map_err(cannot)?;
        let (stop, stopped) = mpsc::channel();
        let counting = thread::Builder::new()
            .name("profile".to_owned())
            .spawn(move || tally::count(&recording, &stopped))
            .map_err(cannot)?;
        let mut sampling = Self {
            timer: None,
            stop: Some(stop),
            counting: Some(counting),
            hertz,
            began: SystemTime::now(),
            since: Instant::now(),
            used_before: used(),
        };
        sampling.timer = Some(Timer::start(hertz).map_err(cannot)?);
        Ok(sampling)
    }

    /// Ends it; gives the profile, compressed.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let tally = self.end();
        let used = used().saturating_sub(self.used_before);
        report::profile(&tally, self.hertz, self.began, self.since.elapsed(), used)
    }

    fn end(&mut self) -> Tally {
        drop(self.timer.take());
        drop(self.stop.take());
        let tally = self.counting.take().map(JoinHandle::join);
        // Nothing there panics; if it does, its samples are lost and nothing else.
        tally.and_then(Result::ok).unwrap_or_default()
    }
}

/// The CPU time that this process has used.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn cannot(error: io::Error) -> ProfileError {
    ProfileError::System("sample the CPU", error)
}

impl Drop for Sampling {
    fn drop(&mut self) {
        self.end();
    }
}
