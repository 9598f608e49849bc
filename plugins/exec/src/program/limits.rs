//! What each process of a program may use.

use std::time::Duration;

use gaxx_sdk::Size;
use rustix::process::{Resource, Rlimit, getrlimit};

/// What each process of a program may use. What is not set is as this process has it, except for
/// CPU time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    /// Heap, stacks and what else it can write to.
    pub(super) memory: Option<Size>,
    /// CPU time, in whole seconds. What is not set is not limited: where this process has a limit,
    /// that is one that the host keeps raising, and nobody raises a program's.
    pub(super) cpu: Option<Duration>,
    pub(super) open_files: Option<u64>,
}

impl Limits {
    /// As the system has them. No limit is over one that this process has, so that none is
    /// refused.
    pub(super) fn rlimits(self) -> Vec<(Resource, Rlimit)> {
        let memory = self.memory.map(Size::bytes);
        let cpu = self.cpu.map_or(u64::MAX, |time| time.as_secs().max(1));
        let wanted = [
            (Resource::Data, memory, 0),
            // SIGXCPU comes at the first, so that the end of the program has that name; whoever
            // ignores it is killed at the second.
            (Resource::Cpu, Some(cpu), 1),
            (Resource::Nofile, self.open_files, 0),
        ];
        let asked = wanted
            .into_iter()
            .filter_map(|(resource, current, more)| Some((resource, current?, more)));
        asked
            .map(|(resource, current, more)| {
                let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
                let limit = Rlimit {
                    current: Some(current.min(most)),
                    maximum: Some(current.saturating_add(more).min(most)),
                };
                (resource, limit)
            })
            .collect()
    }
}
