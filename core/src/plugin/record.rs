//! What is known of a component's calls.

use std::time::{Duration, Instant, SystemTime};

use gaxx_abi::{Fault, fault::kind};

use super::{Ticket, text::one_line};
use crate::isolation;

/// A plugin's text may be of any length; what is shown of it has so many characters at most.
const LONGEST: usize = 1000;

/// Why a call did not do what it should; the closed set behind the `reason` label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It answered a fault.
    Error,
    /// It panicked.
    Panic,
    /// Its process ended.
    Crash,
    /// It passed its deadline.
    Deadline,
    /// The settings were refused.
    Settings,
    /// Too many calls of all plugins hang: this one was not made.
    Stuck,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Error,
        Self::Panic,
        Self::Crash,
        Self::Deadline,
        Self::Settings,
        Self::Stuck,
    ];

    /// The label's value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Crash => "crash",
            Self::Deadline => "deadline",
            Self::Settings => "settings",
            Self::Stuck => "stuck",
        }
    }

    /// The reason for a fault.
    pub fn of(fault: &Fault) -> Self {
        match fault.kind {
            kind::PANIC => Self::Panic,
            isolation::ENDED => Self::Crash,
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
        let reason = Reason::of(fault);
        let remedy = match (reason, fault.remedy.as_str()) {
            (Reason::Panic, "") => "tell the plugin's author of this panic",
            (Reason::Settings, "") => "correct the plugin's settings in the configuration",
            (_, told) => told,
        };
        Self {
            reason,
            message: one_line(&fault.message, LONGEST),
            remedy: one_line(remedy, LONGEST),
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
    /// Requests to an endpoint that passed their deadline and have not come back.
    pub late_requests: usize,
}

/// A call that is under way.
#[derive(Debug, Clone)]
pub struct Call {
    /// When it was asked for.
    pub started: Instant,
    /// When it should be back.
    pub due: Instant,
    /// Whether it is later than that.
    pub late: bool,
    /// Its job.
    pub ticket: Ticket,
}

impl Record {
    /// Whether a call hangs: it passed its deadline and has not come back.
    pub fn is_stuck(&self) -> bool {
        self.is_late() || self.late_requests > 0
    }

    /// Whether the call under way, if there is one, has passed its deadline.
    pub fn is_late(&self) -> bool {
        self.call.as_ref().is_some_and(|call| call.late)
    }

    /// How old the last good values are.
    pub fn age(&self) -> Option<Duration> {
        self.last_success.map(|(at, _)| at.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use gaxx_abi::abi_std::RVec;

    use super::*;

    fn fault(kind: u32, message: &str) -> Fault {
        Fault {
            kind,
            message: message.into(),
            remedy: message.into(),
            retry_after: 1_500_000_000,
            attributes: RVec::new(),
        }
    }

    #[test]
    fn every_fault_has_one_of_the_reasons() {
        let reason = |kind| Reason::of(&fault(kind, ""));
        assert_eq!(reason(kind::PANIC), Reason::Panic);
        assert_eq!(reason(isolation::ENDED), Reason::Crash);
        assert_eq!(reason(kind::DEADLINE), Reason::Deadline);
        assert_eq!(reason(kind::SETTINGS), Reason::Settings);
        for other in [kind::FAILED, kind::PERMANENT, kind::CANCELLED, 999] {
            assert_eq!(reason(other), Reason::Error, "{other}");
        }
    }

    #[test]
    fn a_failure_is_one_line_however_long_the_plugin_talks() {
        let awful = "<b>\n\u{1b}[2J".repeat(40_000);
        let failure = Failure::from_fault(&fault(kind::PERMANENT, &awful));
        for text in [&failure.message, &failure.remedy] {
            assert!(text.len() < 2 * LONGEST);
            assert!(!text.chars().any(char::is_control));
        }
        assert!(failure.permanent);
        assert_eq!(failure.retry_after, Duration::from_millis(1500));
    }
}
