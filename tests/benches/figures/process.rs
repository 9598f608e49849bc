//! What a process has used, as the kernel tells it.

use std::{fs, time::Duration};

/// A running process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

/// Memory of a process, in megabytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// All of its pages that are in memory.
    pub(crate) rss: f64,
    /// The same, with pages shared by several processes divided among them.
    pub(crate) pss: f64,
}

impl Process {
    /// Processor time used so far by all threads, in user and kernel mode. The kernel tells it in
    /// steps of 10 ms.
    pub(crate) fn cpu(self) -> Duration {
        let stat = self.read("stat");
        // The second field is a name in brackets, which may hold anything.
        let (_, after) = stat
            .rsplit_once(')')
            .expect("a stat file has a name in brackets");
        let fields: Vec<&str> = after.split_whitespace().collect();
        let ticks = |at: usize| fields[at].parse::<u64>().expect("a count of ticks");
        let milliseconds = 1000 / rustix::param::clock_ticks_per_second();
        Duration::from_millis((ticks(11) + ticks(12)) * milliseconds)
    }

    /// Its memory at this moment.
    pub(crate) fn memory(self) -> Memory {
        let rollup = self.read("smaps_rollup");
        let megabytes = |name: &str| {
            let line = rollup
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .expect(name);
            let kibibytes = line.trim().trim_end_matches(" kB").parse::<f64>();
            kibibytes.expect("a size in kB") * 1024.0 / 1e6
        };
        Memory {
            rss: megabytes("Rss:"),
            pss: megabytes("Pss:"),
        }
    }

    fn read(self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.0);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}
