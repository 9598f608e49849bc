//! What a process may use.

use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, Resource, Rlimit, getrlimit, prlimit},
};

use crate::{config, process::own::usage_of};

/// The CPU time that a process may use is for so long.
const WINDOW: Duration = Duration::from_mins(1);
/// How willingly the kernel ends it when memory runs out, of 1000: before the core, and before
/// what has nothing to do with this program.
const OOM_SCORE: &str = "500";

/// Limits what a process may use; it has run nothing but its own start yet.
pub(super) fn apply(process: Pid, settings: &config::Process) -> Result<(), Errno> {
    limit(process, Resource::Data, settings.memory.bytes())?;
    limit(process, Resource::Nofile, settings.open_files)?;
    // Of no byte would keep the kernel from writing a file, but not from starting a program that
    // takes the dump; of one byte does both. See core(5).
    limit(process, Resource::Core, 1)?;
    let path = format!("/proc/{}/oom_score_adj", process.as_raw_nonzero());
    // Not everywhere is it allowed, and it is only a preference.
    let _ = fs::write(path, OOM_SCORE);
    Ok(())
}

/// Both limits, no higher than this process may go itself.
fn limit(process: Pid, resource: Resource, most: u64) -> Result<(), Errno> {
    let most = getrlimit(resource)
        .maximum
        .map_or(most, |own| own.min(most));
    let both = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    prlimit(Some(process), resource, both).map(drop)
}

/// How much CPU time a process may use in each window.
#[derive(Debug)]
pub(super) struct CpuWindow {
    process: Pid,
    allowed: Duration,
    /// What it may have used in all, in seconds; nothing where that is not limited.
    ceiling: f64,
    renewed: Instant,
}

impl CpuWindow {
    /// The first window of a process that has used nothing yet.
    pub(super) fn begin(process: Pid, settings: &config::Process) -> Result<Self, Errno> {
        let mut window = Self {
            process,
            allowed: settings.cpu.get(),
            ceiling: 0.0,
            renewed: Instant::now(),
        };
        window.allow(0.0)?;
        Ok(window)
    }

    /// When the next window begins.
    pub(super) fn ends(&self) -> Instant {
        self.renewed + WINDOW
    }

    /// Begins a window; false where the process used more in the last one than it may: it does not
    /// heed the signal that tells it so.
    pub(super) fn renew(&mut self) -> bool {
        self.renewed = Instant::now();
        let raw = self.process.as_raw_nonzero().get();
        let usage = u32::try_from(raw).ok().and_then(usage_of);
        // One that has gone needs no limit.
        let Some(usage) = usage else { return true };
        if usage.cpu_seconds > self.ceiling + 1.0 {
            return false;
        }
        // Also where this fails because it has gone meanwhile.
        let _ = self.allow(usage.cpu_seconds);
        true
    }

    /// Sets the soft limit alone: the hard one could not be raised again.
    fn allow(&mut self, used: f64) -> Result<(), Errno> {
        let hard = getrlimit(Resource::Cpu).maximum;
        let ceiling = (used + self.allowed.as_secs_f64()).ceil();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let seconds = ceiling as u64;
        let limit = Rlimit {
            current: Some(hard.map_or(seconds, |hard| hard.min(seconds))),
            maximum: hard,
        };
        prlimit(Some(self.process), Resource::Cpu, limit)?;
        self.ceiling = ceiling;
        Ok(())
    }
}
