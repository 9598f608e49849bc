//! What a component orders; see [`gaxx_abi::host::profile`].

use serde::{Deserialize, Serialize};

/// What a component orders; see [`gaxx_abi::host::profile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Begin to sample who uses the CPU.
    Cpu(Cpu),
    /// End this session and give its profile.
    Finish(u64),
    /// End this session.
    Cancel(u64),
    /// What is allocated.
    Heap(Heap),
}

/// How the CPU is to be sampled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    /// Samples in a second of CPU time.
    pub hertz: u32,
    /// For how long, at most.
    pub seconds: u64,
    /// The plugin whose process it is; empty for the program's own.
    #[serde(default)]
    pub plugin: String,
}

/// Whose heap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heap {
    /// The plugin whose process it is; empty for the program's own.
    #[serde(default)]
    pub plugin: String,
}
