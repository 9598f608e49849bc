//! What a process has and uses, as the kernel tells it.

use std::{fs, path::PathBuf, time::Duration};

/// A running process.
#[derive(Debug, Clone, Copy)]
pub struct Process(pub u32);

/// Memory of a process, in megabytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// All of its pages that are in memory.
    pub rss: f64,
    /// The same, with pages shared by several processes divided among them.
    pub pss: f64,
    /// Those that are in no file: what it has written itself, and not its code.
    pub anonymous: f64,
}

/// A child of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offspring {
    /// Its process id.
    pub pid: u32,
    /// Whether it has ended and nobody has asked how.
    pub zombie: bool,
}

impl Process {
    /// Processor time used so far by all threads, in user and kernel mode. The kernel tells it in
    /// steps of 10 ms.
    #[track_caller]
    pub fn cpu(self) -> Duration {
        let stat = self.read("stat");
        let fields = after_name(&stat).expect("a stat file has a name in brackets");
        let ticks = |at: usize| fields[at].parse::<u64>().expect("a count of ticks");
        let milliseconds = 1000 / rustix::param::clock_ticks_per_second();
        Duration::from_millis((ticks(11) + ticks(12)) * milliseconds)
    }

    /// Its memory at this moment.
    #[track_caller]
    pub fn memory(self) -> Memory {
        let memory = self.try_memory();
        memory.unwrap_or_else(|| panic!("process {} has no memory", self.0))
    }

    /// The same; nothing of a process that has ended.
    pub fn try_memory(self) -> Option<Memory> {
        let rollup = fs::read_to_string(self.path("smaps_rollup")).ok()?;
        let megabytes = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes = line.trim().trim_end_matches(" kB").parse::<f64>();
            Some(kibibytes.ok()? * 1024.0 / 1e6)
        };
        Some(Memory {
            rss: megabytes("Rss:")?,
            pss: megabytes("Pss:")?,
            anonymous: megabytes("Anonymous:")?,
        })
    }

    /// How many descriptors it has open.
    #[track_caller]
    pub fn descriptors(self) -> usize {
        self.count("fd")
    }

    /// How many threads it has.
    #[track_caller]
    pub fn threads(self) -> usize {
        self.count("task")
    }

    /// Its children, those included that have ended and were not waited for.
    pub fn children(self) -> Vec<Offspring> {
        let parent = self.0.to_string();
        let child = |process: Self| {
            // It may have gone by now.
            let stat = fs::read_to_string(process.path("stat")).ok()?;
            let fields = after_name(&stat)?;
            (fields.get(1)? == &parent).then(|| Offspring {
                pid: process.0,
                zombie: fields[0] == "Z",
            })
        };
        Self::all().into_iter().filter_map(child).collect()
    }

    /// Its working folder; none of a process that has ended.
    pub fn folder(self) -> Option<PathBuf> {
        fs::read_link(self.path("cwd")).ok()
    }

    /// Every process of the machine.
    #[track_caller]
    pub fn all() -> Vec<Self> {
        let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .map(Self)
            .collect()
    }

    fn path(self, file: &str) -> String {
        format!("/proc/{}/{file}", self.0)
    }

    #[track_caller]
    fn read(self, file: &str) -> String {
        let path = self.path(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[track_caller]
    fn count(self, folder: &str) -> usize {
        let path = self.path(folder);
        let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        entries.count()
    }
}

/// The fields behind the second one, which is a name in brackets and may hold anything: the state,
/// the parent's id, and so on.
fn after_name(stat: &str) -> Option<Vec<&str>> {
    let (_, after) = stat.rsplit_once(')')?;
    Some(after.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_what_every_process_has() {
        let itself = Process(std::process::id());
        assert!(itself.descriptors() > 2 && itself.threads() > 0);
        assert!(itself.memory().rss > 0.0);
        assert_eq!(itself.folder(), std::env::current_dir().ok());
    }

    #[test]
    fn a_child_is_a_zombie_until_it_is_waited_for() {
        let itself = Process(std::process::id());
        let mut child = std::process::Command::new("true").spawn().expect("true");
        let known = |wanted: Offspring| itself.children().contains(&wanted);
        let pid = child.id();
        crate::wait_until("it has ended", || known(Offspring { pid, zombie: true }));
        child.wait().expect("a child can be waited for");
        assert!(!itself.children().iter().any(|child| child.pid == pid));
    }
}
