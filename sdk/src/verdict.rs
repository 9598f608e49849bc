//! What a health check answers.

use gaxx_abi::component::status;
use serde::{Deserialize, Serialize};

/// How a health check sees its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All is well.
    Healthy,
    /// It works, and somebody should look at it.
    Degraded,
    /// It does not work.
    Unhealthy,
    /// The check could not find out. What is none of these is read as this, too.
    #[serde(other)]
    Unknown,
}

/// The result of a health check: a status, a sentence for people, and facts behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How the check sees its subject.
    pub status: Status,
    /// One sentence.
    pub message: String,
    /// Facts behind it, as names and values.
    pub details: Vec<(String, String)>,
}

impl Verdict {
    /// A verdict of this status.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// All is well.
    pub fn healthy(message: impl Into<String>) -> Self {
        Self::new(Status::Healthy, message)
    }

    /// It works, and somebody should look at it.
    pub fn degraded(message: impl Into<String>) -> Self {
        Self::new(Status::Degraded, message)
    }

    /// It does not work.
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self::new(Status::Unhealthy, message)
    }

    /// Judges a value that is bad when high: `unhealthy` from that threshold on, else `degraded`
    /// from that one on, else healthy.
    pub fn by_thresholds(value: f64, degraded: f64, unhealthy: f64, message: String) -> Self {
        let status = match value {
            value if value >= unhealthy => Status::Unhealthy,
            value if value >= degraded => Status::Degraded,
            value if value.is_nan() => Status::Unknown,
            _ => Status::Healthy,
        };
        Self::new(status, message)
    }

    /// Adds a fact.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // Authors write `.detail("a", 1)`.
    pub fn detail(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.details.push((name.into(), value.to_string()));
        self
    }
}

impl Status {
    /// As JSON and labels say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Healthy => status::HEALTHY,
            Self::Degraded => status::DEGRADED,
            Self::Unhealthy => status::UNHEALTHY,
            Self::Unknown => status::UNKNOWN,
        }
    }

    pub(crate) fn from_number(number: u32) -> Self {
        match number {
            status::HEALTHY => Self::Healthy,
            status::DEGRADED => Self::Degraded,
            status::UNHEALTHY => Self::Unhealthy,
            _ => Self::Unknown,
        }
    }
}
