//! Why a component failed.

use std::{fmt, time::Duration};

use gaxx_abi::{
    Fault,
    abi_std::{RResult, RVec},
    fault::kind,
};

/// The result of what a component does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is: it decides what the host does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The next try may do better.
    Failed,
    /// The same input will fail again; an exporter's batch is dropped.
    Permanent,
    /// The settings are wrong.
    Settings,
    /// The code panicked.
    Panic,
    /// It ran out of time.
    Deadline,
    /// The host does not offer or allow it.
    Refused,
    /// A limit is spent.
    Limit,
    /// The call was cancelled.
    Cancelled,
    /// No such thing.
    Unknown,
}

/// Why a component failed: a message that names the thing, and a remedy where one is known.
///
/// Any error converts into it by `?`, its causes joined to the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    remedy: String,
    retry_after: Option<Duration>,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            remedy: String::new(),
            retry_after: None,
        }
    }

    /// The next try may do better.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, message)
    }

    /// The same input will fail again.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Permanent, message)
    }

    /// A setting is wrong.
    pub fn settings(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Settings, message)
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Adds how long the receiver asked to be left alone.
    #[must_use]
    pub fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it; empty where nothing is known.
    pub fn remedy_text(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.remedy.is_empty() {
            write!(f, " ({})", self.remedy)?;
        }
        Ok(())
    }
}

// `Error` itself is no `std::error::Error`, so that this conversion can exist for all others.
impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            message.push_str(": ");
            message.push_str(&inner.to_string());
            cause = inner.source();
        }
        Self::failed(message)
    }
}

/// Names what was being done when an error came up.
pub trait Explain<T> {
    /// Puts `what()` and a colon before the message.
    fn explain(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Error>> Explain<T> for std::result::Result<T, E> {
    fn explain(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| {
            let mut error = error.into();
            error.message = format!("{}: {}", what(), error.message);
            error
        })
    }
}

const KINDS: [(ErrorKind, u32); 9] = [
    (ErrorKind::Failed, kind::FAILED),
    (ErrorKind::Permanent, kind::PERMANENT),
    (ErrorKind::Settings, kind::SETTINGS),
    (ErrorKind::Panic, kind::PANIC),
    (ErrorKind::Deadline, kind::DEADLINE),
    (ErrorKind::Refused, kind::REFUSED),
    (ErrorKind::Limit, kind::LIMIT),
    (ErrorKind::Cancelled, kind::CANCELLED),
    (ErrorKind::Unknown, kind::UNKNOWN),
];

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let number = KINDS.iter().find(|(kind, _)| *kind == error.kind);
        Self {
            kind: number.map_or(kind::FAILED, |(_, number)| *number),
            message: error.message.into(),
            remedy: error.remedy.into(),
            retry_after: error
                .retry_after
                .map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)),
            attributes: RVec::new(),
        }
    }
}

/// The host's answer, as a result of this side.
// Not a `From`: it would overlap with the one for all errors.
pub(crate) fn answer<T>(answer: RResult<T, Fault>) -> Result<T> {
    answer.into_result().map_err(Error::from_fault)
}

impl Error {
    pub(crate) fn from_fault(fault: Fault) -> Self {
        let kind = KINDS.iter().find(|(_, number)| *number == fault.kind);
        Self {
            kind: kind.map_or(ErrorKind::Failed, |(kind, _)| *kind),
            message: fault.message.into(),
            remedy: fault.remedy.into(),
            retry_after: (fault.retry_after > 0).then(|| Duration::from_nanos(fault.retry_after)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the count is unreadable")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn any_error_converts_with_its_causes() {
        let outer = Outer("x".parse::<u8>().unwrap_err());
        let error = Error::from(outer);
        assert_eq!(error.kind(), ErrorKind::Failed);
        assert_eq!(
            error.message(),
            "the count is unreadable: invalid digit found in string"
        );
    }

    #[test]
    fn what_was_being_done_stands_before_it() {
        let parsed: Result<u8> = "x".parse::<u8>().explain(|| "/proc/x".to_owned());
        assert_eq!(
            parsed.unwrap_err().message(),
            "/proc/x: invalid digit found in string"
        );
        let refused: Result<()> = Err(Error::permanent("no").remedy("ask"));
        let error = refused.explain(|| "sending".to_owned()).unwrap_err();
        assert_eq!(error.to_string(), "sending: no (ask)");
        assert_eq!(error.kind(), ErrorKind::Permanent);
    }

    #[test]
    fn a_kind_that_came_later_has_failed() {
        let mut fault = Fault::from(Error::settings("wrong"));
        fault.kind = 4711;
        assert_eq!(Error::from_fault(fault).kind(), ErrorKind::Failed);
    }

    #[test]
    fn a_wait_that_cannot_be_said_is_the_longest_one() {
        let fault = Fault::from(Error::failed("").retry_after(Duration::MAX));
        assert_eq!(fault.retry_after, u64::MAX);
    }

    proptest! {
        #[test]
        fn an_error_comes_back_as_it_went(
            kind in 0..KINDS.len(), message: String, remedy: String, wait in proptest::option::of(1..u64::MAX),
        ) {
            let mut error = Error::new(KINDS[kind].0, message).remedy(remedy);
            error.retry_after = wait.map(Duration::from_nanos);
            prop_assert_eq!(Error::from_fault(Fault::from(error.clone())), error);
        }
    }
}
