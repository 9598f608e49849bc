//! Where the code of plugins runs, and what a process of its own may use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Duration, Size, TrustedKey};

/// Where the code of a plugin runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// In a process of its own: a crash, a hang or a leak costs the program nothing.
    #[default]
    Process,
    /// In the program: faster, and a crash of it is a crash of the program.
    InProcess,
}

/// What the process of a plugin may use, and what becomes of one that ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Process {
    /// How much memory it may have for data: heap, stacks and what else it can write to. What
    /// is over fails, which ends most programs.
    pub memory: Size,
    /// How many files it may have open.
    #[schemars(range(min = 16, max = 1_048_576))]
    pub open_files: u64,
    /// How much CPU time it may use in a minute. One that uses more is ended.
    pub cpu: Duration,
    /// How long it is before a process that ended is started again; twice as long each time it
    /// ends soon, up to a minute.
    pub restart_delay: Duration,
    /// How many times in a row it is started again after it ended soon. Then it has failed, and
    /// is tried again after `retry`.
    #[schemars(range(max = 1_000_000))]
    pub restarts: u32,
    /// How long it is before one that has failed is tried again.
    pub retry: Duration,
}

impl Default for Process {
    fn default() -> Self {
        Self {
            memory: Size::mib(512),
            open_files: 256,
            cpu: Duration::from_secs(30),
            restart_delay: Duration::from_millis(100),
            restarts: 5,
            retry: Duration::from_secs(300),
        }
    }
}

/// What differs for the process of one plugin. What is not set is as in `plugins.process`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessSection {
    /// As `plugins.process.memory`.
    pub memory: Option<Size>,
    /// As `plugins.process.open_files`.
    #[schemars(range(min = 16, max = 1_048_576))]
    pub open_files: Option<u64>,
    /// As `plugins.process.cpu`.
    pub cpu: Option<Duration>,
    /// As `plugins.process.restart_delay`.
    pub restart_delay: Option<Duration>,
    /// As `plugins.process.restarts`.
    #[schemars(range(max = 1_000_000))]
    pub restarts: Option<u32>,
    /// As `plugins.process.retry`.
    pub retry: Option<Duration>,
}

impl ProcessSection {
    /// What holds for this plugin, where `all` holds for the others.
    #[must_use]
    pub fn over(&self, all: &Process) -> Process {
        Process {
            memory: self.memory.unwrap_or(all.memory),
            open_files: self.open_files.unwrap_or(all.open_files),
            cpu: self.cpu.unwrap_or(all.cpu),
            restart_delay: self.restart_delay.unwrap_or(all.restart_delay),
            restarts: self.restarts.unwrap_or(all.restarts),
            retry: self.retry.unwrap_or(all.retry),
        }
    }
}

/// Which libraries are trusted, beyond what owner and mode of their files say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// Public keys of minisign. If there are any, a signature beside a library
    /// (`NAME.so.minisig`) must be of one of them.
    pub keys: Vec<TrustedKey>,
    /// Whether only libraries that bear a signature of one of `keys` are loaded.
    pub require_signature: bool,
    /// BLAKE3 digests. If there are any, only libraries with one of them are loaded. `gaxx-mon
    /// plugins inspect FILE` shows a library's.
    #[schemars(inner(regex(pattern = "^[0-9a-fA-F]{64}$")))]
    pub digests: Vec<String>,
}
