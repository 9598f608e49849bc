//! How a run went: what callers are told, and what the journal keeps.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::keeper::Usage;

/// How a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The program ended by itself, with a status.
    Exited,
    /// A signal that the agent did not send ended it.
    Signalled,
    /// It took longer than it may.
    TimedOut,
    /// Somebody wanted it to end: by `DELETE`, by leaving, or by stopping the agent.
    Cancelled,
    /// It could not be started.
    SpawnFailed,
    /// Nobody knows how it ended, or whether it has.
    Unknown,
}

/// How a run went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) id: String,
    pub(crate) outcome: Outcome,
    /// A sentence; of a run that simply ended there is nothing to say.
    pub(crate) reason: String,
    /// Only of one that exited.
    pub(crate) exit_code: Option<i32>,
    /// Only of one that a signal ended, whoever sent it.
    pub(crate) signal: Option<i32>,
    #[serde(flatten)]
    pub(crate) output: Option<Output>,
    /// Bytes it printed in all.
    pub(crate) stdout_bytes: u64,
    pub(crate) stderr_bytes: u64,
    /// Whether some of that is left out.
    pub(crate) stdout_truncated: bool,
    pub(crate) stderr_truncated: bool,
    pub(crate) duration_ms: f64,
    pub(crate) user_seconds: f64,
    pub(crate) system_seconds: f64,
    pub(crate) peak_memory_bytes: u64,
    /// Whether this tells of an earlier run of the same key.
    pub(crate) replayed: bool,
}

/// What a run printed, as far as it is kept: as text, or in base64 where it is not UTF-8.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stdout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stdout_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stderr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stderr_base64: Option<String>,
}

/// One of the streams that a command prints to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Outcome {
    pub(crate) const ALL: [Self; 6] = [
        Self::Exited,
        Self::Signalled,
        Self::TimedOut,
        Self::Cancelled,
        Self::SpawnFailed,
        Self::Unknown,
    ];

    /// A word for programs.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Signalled => "signalled",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::SpawnFailed => "spawn_failed",
            Self::Unknown => "unknown",
        }
    }
}

impl Report {
    /// A run that has this outcome and reason, and used nothing.
    pub(crate) fn new(id: &str, outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            outcome,
            reason: reason.into(),
            exit_code: None,
            signal: None,
            output: Some(Output::of(Vec::new(), Vec::new())),
            stdout_bytes: 0,
            stderr_bytes: 0,
            stdout_truncated: false,
            stderr_truncated: false,
            duration_ms: 0.0,
            user_seconds: 0.0,
            system_seconds: 0.0,
            peak_memory_bytes: 0,
            replayed: false,
        }
    }

    /// A run of which a crash has cut the end.
    pub(crate) fn unknown(id: &str) -> Self {
        let reason = "the agent ended in the midst of this run, or could not keep how it ended; it is not run again";
        Self::new(id, Outcome::Unknown, reason)
    }

    pub(crate) fn used(&mut self, usage: Usage) {
        self.user_seconds = usage.user.as_secs_f64();
        self.system_seconds = usage.system.as_secs_f64();
        self.peak_memory_bytes = usage.peak_memory;
    }

    pub(crate) fn took(&mut self, time: Duration) {
        // Whole microseconds, which a float shows without a tail of digits.
        self.duration_ms = time.as_micros() as f64 / 1000.0;
    }

    /// Whether the program ended by itself and says that all is well.
    pub(crate) fn is_success(&self) -> bool {
        self.exit_code == Some(0)
    }

    /// Leaves the output out, and says so.
    pub(crate) fn forget_output(&mut self) {
        self.output = Some(Output::of(Vec::new(), Vec::new()));
        self.stdout_truncated = self.stdout_bytes > 0;
        self.stderr_truncated = self.stderr_bytes > 0;
    }

    /// The same, as the answer to another request with its key.
    pub(crate) fn again(&self) -> Self {
        Self {
            replayed: true,
            ..self.clone()
        }
    }
}

impl Output {
    /// What was printed to each of the streams.
    pub(crate) fn of(stdout: Vec<u8>, stderr: Vec<u8>) -> Self {
        let (stdout, stdout_base64) = text_or_base64(stdout);
        let (stderr, stderr_base64) = text_or_base64(stderr);
        Self {
            stdout,
            stdout_base64,
            stderr,
            stderr_base64,
        }
    }

    /// What was printed to a stream: as text, or in base64.
    pub(crate) fn get(&self, stream: Stream) -> (Option<&str>, Option<&str>) {
        let (text, base64) = match stream {
            Stream::Stdout => (&self.stdout, &self.stdout_base64),
            Stream::Stderr => (&self.stderr, &self.stderr_base64),
        };
        (text.as_deref(), base64.as_deref())
    }
}

fn text_or_base64(bytes: Vec<u8>) -> (Option<String>, Option<String>) {
    match String::from_utf8(bytes) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
    }
}
