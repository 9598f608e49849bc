//! What the program has and uses, before and after.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use gaxx_tests::Process;
use serde_json::{Value, json};

/// How often, and for how long, the figures are looked at: what is only there for a moment is
/// nothing that has grown.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// What the program has and uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Resident memory in megabytes, without its children's.
    pub(crate) memory: f64,
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    /// Children at work.
    pub(crate) children: usize,
    /// Children that have ended and were not waited for.
    pub(crate) zombies: usize,
}

impl Figures {
    /// The least of each, over two seconds.
    pub(crate) fn of(process: Process) -> Self {
        let first = Self::now(process);
        (1..LOOKS).fold(first, |least, _| {
            sleep(PAUSE);
            least.least(Self::now(process))
        })
    }

    /// The same, once there are no more threads and as many children as before, or they have had
    /// their time to become so.
    pub(crate) fn settled(process: Process, before: &Self, time: Duration) -> Self {
        let start = Instant::now();
        loop {
            let now = Self::of(process);
            let settled = now.threads <= before.threads
                && now.children == before.children
                && now.zombies == 0;
            if settled || start.elapsed() >= time {
                return now;
            }
        }
    }

    fn now(process: Process) -> Self {
        let children = process.children();
        let zombies = children.iter().filter(|child| child.zombie).count();
        Self {
            memory: process.memory().rss,
            descriptors: process.descriptors(),
            threads: process.threads(),
            children: children.len() - zombies,
            zombies,
        }
    }

    fn least(self, other: Self) -> Self {
        Self {
            memory: self.memory.min(other.memory),
            descriptors: self.descriptors.min(other.descriptors),
            threads: self.threads.min(other.threads),
            // Children come and go: how many there are now is what counts.
            children: other.children,
            zombies: self.zombies.min(other.zombies),
        }
    }

    /// For machines.
    pub(crate) fn json(&self) -> Value {
        json!({
            "memory_mb": self.memory,
            "descriptors": self.descriptors,
            "threads": self.threads,
            "children": self.children,
            "zombies": self.zombies,
        })
    }
}
