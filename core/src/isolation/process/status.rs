//! How it is with a plugin's process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use gaxx_abi::Fault;
use parking_lot::{Condvar, Mutex};

use super::{
    Cause, Ending, Process,
    ending::{fault, rounded},
};
use crate::{isolation::ENDED, process::own::usage_of};

/// How it is with a plugin's process.
#[derive(Debug, Default)]
pub struct Status {
    standing: Mutex<Standing>,
    /// Told when the standing has changed.
    changed: Condvar,
    /// By cause.
    restarts: [AtomicU64; Cause::ALL.len()],
}

/// Whether a plugin's process is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is.
    Up,
    /// It ended, or has not loaded its plugin yet.
    Down {
        /// Why it ended.
        why: String,
        /// When it is started again. Where that is over, it is being started.
        again_at: Instant,
    },
    /// It ended so often that it is not started again soon.
    Failed {
        /// Why it ended the last time.
        why: String,
        /// When it is tried again.
        again_at: Instant,
    },
    /// Nobody uses it any more.
    Stopped,
}

#[derive(Debug, Default)]
enum Standing {
    /// The first one loads its plugin.
    #[default]
    First,
    Up(Arc<Process>),
    Down(Down),
    Stopped,
}

#[derive(Debug)]
struct Down {
    ending: Arc<Ending>,
    again_at: Instant,
    failed: Option<u32>,
}

impl Status {
    /// The number of its process; nothing while there is none.
    pub fn pid(&self) -> Option<u32> {
        let process = self.process().ok()?;
        u32::try_from(process.pid().as_raw_nonzero().get()).ok()
    }

    /// How often it was started again.
    pub fn restarts(&self) -> u64 {
        self.restarts_by_cause().map(|(_, count)| count).sum()
    }

    /// How often it was started again after which end; every cause, also those of none.
    pub fn restarts_by_cause(&self) -> impl Iterator<Item = (Cause, u64)> + '_ {
        let counts = self
            .restarts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        Cause::ALL.into_iter().zip(counts)
    }

    /// Whether it is there.
    pub fn state(&self) -> State {
        match &*self.standing.lock() {
            Standing::First => State::Down {
                why: "its process is being started".to_owned(),
                again_at: Instant::now(),
            },
            Standing::Up(process) => match process.ending() {
                None => State::Up,
                // Its attendant has not decided yet when it is started again.
                Some(ending) => State::Down {
                    why: ending.message.clone(),
                    again_at: Instant::now(),
                },
            },
            Standing::Down(down) => down.state(),
            Standing::Stopped => State::Stopped,
        }
    }

    /// Its resident memory, in bytes; nothing while there is none.
    pub fn resident(&self) -> Option<f64> {
        usage_of(self.pid()?).map(|usage| usage.resident_bytes as f64)
    }

    /// The process that serves calls; or what calls answer.
    pub(in crate::isolation) fn process(&self) -> Result<Arc<Process>, Fault> {
        self.standing.lock().process()
    }

    /// The same, once there is one that has not ended, if that is before then.
    pub(in crate::isolation) fn next(&self, until: Instant) -> Result<Arc<Process>, Fault> {
        let mut standing = self.standing.lock();
        while standing.may_change_by(until) {
            if self.changed.wait_until(&mut standing, until).timed_out() {
                break;
            }
        }
        standing.process()
    }

    pub(super) fn up(&self, process: Arc<Process>) {
        let mut standing = self.standing.lock();
        // It may have ended already, and the news of that have come first.
        if process.ending().is_none() && !matches!(*standing, Standing::Stopped) {
            *standing = Standing::Up(process);
            self.changed.notify_all();
        }
    }

    pub(super) fn down(&self, ending: Arc<Ending>, again_at: Instant, failed: Option<u32>) {
        *self.standing.lock() = Standing::Down(Down {
            ending,
            again_at,
            failed,
        });
        self.changed.notify_all();
    }

    pub(super) fn stopped(&self) {
        *self.standing.lock() = Standing::Stopped;
        self.changed.notify_all();
    }

    pub(super) fn restarted(&self, after: Cause) {
        let counts = Cause::ALL.iter().zip(&self.restarts);
        for (_, count) in counts.filter(|(cause, _)| **cause == after) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Standing {
    fn process(&self) -> Result<Arc<Process>, Fault> {
        match self {
            Self::Up(process) => Ok(Arc::clone(process)),
            Self::Down(down) => Err(down.fault()),
            Self::First | Self::Stopped => Err(fault(ENDED, "its process is not there", "")),
        }
    }

    /// Whether another process may be there by then.
    fn may_change_by(&self, until: Instant) -> bool {
        match self {
            Self::First => true,
            // It has ended, and the news of that has not come.
            Self::Up(process) => process.ending().is_some(),
            Self::Down(down) => down.again_at < until,
            Self::Stopped => false,
        }
    }
}

impl Down {
    fn state(&self) -> State {
        let (why, again_at) = (self.ending.message.clone(), self.again_at);
        match self.failed {
            None => State::Down { why, again_at },
            Some(_) => State::Failed { why, again_at },
        }
    }

    fn fault(&self) -> Fault {
        let why = &self.ending.message;
        let times = match self.failed {
            Some(times) if times > 1 => format!("; it ended {times} times in a row"),
            _ => String::new(),
        };
        let left = self.again_at.saturating_duration_since(Instant::now());
        let again = if left.is_zero() {
            "it is being started again".to_owned()
        } else {
            let left = humantime::format_duration(rounded(left));
            format!("it is started again in {left}")
        };
        fault(
            ENDED,
            format!("{why}{times}; {again}"),
            self.ending.remedy.as_str(),
        )
    }
}
