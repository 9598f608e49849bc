//! How a command ended.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a command ended, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// By itself, with a status.
    Exited,
    /// By a signal.
    Signalled,
    /// Its time was over.
    TimedOut,
    /// Somebody cancelled it, or its client was lost.
    Cancelled,
    /// It could not be started.
    SpawnFailed,
    /// The node's policy does not allow it.
    Refused,
    /// Nobody knows: the agent ended meanwhile. Also for a word that this version does not know.
    #[serde(other)]
    Unknown,
}

/// How a command ended, as the node tells it. What this version does not know is kept in `rest`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The run's name.
    #[serde(default)]
    pub id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// Its status, where it exited.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(default)]
    pub signal: Option<i32>,
    /// Whether this is the report of an earlier request with the same key.
    #[serde(default)]
    pub replayed: bool,
    /// Bytes of output that the command wrote.
    #[serde(default)]
    pub stdout_bytes: u64,
    /// Bytes of error output that the command wrote.
    #[serde(default)]
    pub stderr_bytes: u64,
    /// Whether output is missing.
    #[serde(default)]
    pub stdout_truncated: bool,
    /// Whether error output is missing.
    #[serde(default)]
    pub stderr_truncated: bool,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Report {
    /// Whether the command exited with status 0 and nothing of its output is missing.
    pub fn is_success(&self) -> bool {
        self.outcome == Outcome::Exited && self.exit_code == Some(0) && !self.is_cut()
    }

    /// Whether output is missing.
    pub fn is_cut(&self) -> bool {
        self.stdout_truncated || self.stderr_truncated
    }
}
