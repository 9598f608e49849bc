//! What is known of a component's calls.

use std::time::{Duration, Instant, SystemTime};

use gaxx_abi::{Fault, fault::kind};

/// Why a call did not do what it should; the closed set behind the `reason` label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It answered a fault.
    Error,
    /// It panicked.
    Panic,
    /// It passed its deadline.
    Deadline,
    /// The settings were refused.
    Settings,
    /// Too many calls of all plugins hang: this one was not made.
    Stuck,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Error, Self::Panic, Self::Deadline, Self::Settings, Self::Stuck];

    /// The label's value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Deadline => "deadline",
            Self::Settings => "settings",
            Self::Stuck => "stuck",
        }
    }

    /// The reason for a fault.
    pub fn of(fault: &Fault) -> Self {
        match fault.kind {
            kind::PANIC => Self::Panic,
            kind::DEADLINE => Self::Deadline,
            kind::SETTINGS => Self::Settings,
            _ => Self::Error,
        }
    }
}

/// A failure as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub reason: Reason,
    /// What went wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub remedy: String,
    /// Whether the same input would fail again.
    pub permanent: bool,
    /// How long the receiver asked to be left alone; zero where it did not say.
    pub retry_after: Duration,
}

impl Failure {
    /// A failure that the next try may mend.
    pub fn new(reason: Reason, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            remedy: remedy.into(),
            permanent: false,
            retry_after: Duration::ZERO,
        }
    }

    /// The failure that a fault tells of.
    pub fn from_fault(fault: &Fault) -> Self {
        // A plugin's text may be of any length; what is shown is not.
        let short = |text: &str| text.chars().take(2000).collect::<String>();
        Self {
            reason: Reason::of(fault),
            message: short(&fault.message),
            remedy: short(&fault.remedy),
            permanent: fault.kind == kind::PERMANENT,
            retry_after: Duration::from_nanos(fault.retry_after),
        }
    }
}

/// What is known of a component's calls.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Calls that ended, and calls that passed their deadline.
    pub calls: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// How long the last one took.
    pub last: Duration,
    /// How long all of them took.
    pub total: Duration,
    /// When one last succeeded.
    pub last_success: Option<(Instant, SystemTime)>,
    /// The failure of the last call, if it failed.
    pub failure: Option<Failure>,
    /// The call that is under way: its start, and whether it has passed its deadline.
    pub call: Option<Call>,
}

/// A call that is under way.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// When it was asked for.
    pub started: Instant,
    /// When it should be back.
    pub due: Instant,
    /// Whether it is later than that.
    pub late: bool,
}

impl Record {
    /// Whether a call hangs: it passed its deadline and has not come back.
    pub fn is_stuck(&self) -> bool {
        self.call.is_some_and(|call| call.late)
    }

    /// How old the last good values are.
    pub fn age(&self) -> Option<Duration> {
        self.last_success.map(|(at, _)| at.elapsed())
    }
}
