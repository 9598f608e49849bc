//! Why a page is not served: a status, a message that names the thing, and what to do about it.

use gaxx_sdk::{Error, ErrorKind, json};

use crate::symbols::NoAnswer;

/// Why a page is not served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{message}")]
    Parameter { message: String, remedy: String },
    #[error("there is no page {0:?}")]
    NoSuchPage(String),
    #[error("{reason}")]
    NoEquivalent {
        reason: &'static str,
        remedy: &'static str,
    },
    #[error("the allocator does not count what has been allocated")]
    NotCounted,
    #[error("{0}")]
    Plugin(Error),
    /// Such a profile does not exist in this process.
    #[error("{0}")]
    Off(Error),
    #[error("{0}")]
    Busy(Error),
    #[error("as many profiles are being taken or named as may be")]
    Crowded,
    #[error("this plugin is being stopped")]
    Stopping,
    #[error("the caller has gone")]
    Gone,
    #[error("{0}")]
    Host(Error),
    #[error("what gaxx-mon tells of its process cannot be read: {0}")]
    Unreadable(String),
    #[error(transparent)]
    Names(NoAnswer),
}

/// What became of a request; a label of `gaxx_pprof_requests_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Served,
    Refused,
    Failed,
    Gone,
}

impl Outcome {
    pub(crate) const ALL: [Self; 4] = [Self::Served, Self::Refused, Self::Failed, Self::Gone];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Gone => "gone",
        }
    }
}

impl Refusal {
    pub(crate) fn parameter(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Parameter {
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// Why there is no profile, of a plugin if one was named.
    pub(crate) fn profile(error: Error, plugin: Option<&str>) -> Self {
        match error.kind() {
            ErrorKind::Unknown | ErrorKind::Refused if plugin.is_some() => Self::Plugin(error),
            ErrorKind::Refused => Self::Off(error),
            _ => Self::Host(error),
        }
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Parameter { .. } => 400,
            Self::Plugin(error) if error.kind() == ErrorKind::Refused => 400,
            Self::NoSuchPage(_)
            | Self::NoEquivalent { .. }
            | Self::NotCounted
            | Self::Off(_)
            | Self::Plugin(_) => 404,
            Self::Busy(_) => 409,
            _ => 503,
        }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Gone => Outcome::Gone,
            refusal if refusal.status() < 500 => Outcome::Refused,
            _ => Outcome::Failed,
        }
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> String {
        let told = match self {
            Self::Parameter { remedy, .. } | Self::Names(NoAnswer::Failed { remedy, .. }) => remedy,
            Self::NoEquivalent { remedy, .. } => *remedy,
            _ => self.host().map_or("", Error::remedy_text),
        };
        let own = match self {
            _ if !told.is_empty() => told,
            Self::NoSuchPage(_) => return crate::pages::list(),
            Self::NotCounted => "/debug/pprof/heap has what is allocated now",
            Self::Plugin(_) => "GET /api/plugins lists the plugins and how each of them runs",
            Self::Busy(_) | Self::Crowded => "try again when another profile has ended",
            Self::Stopping => "try again when it has started again",
            _ => "look into the log of gaxx-mon",
        };
        own.to_owned()
    }

    /// Seconds after which it may be tried again.
    pub(crate) fn retry_after(&self) -> Option<&'static str> {
        matches!(self, Self::Busy(_) | Self::Crowded | Self::Stopping).then_some("5")
    }

    /// The JSON of the answer.
    pub(crate) fn json(&self) -> String {
        json!({ "error": self.message(), "remedy": self.remedy() }).to_string() + "\n"
    }

    /// The same as a line, for Go's tools, which show nothing but plain text.
    pub(crate) fn line(&self) -> String {
        format!("{} ({})\n", self.message(), self.remedy())
    }

    /// Without the remedy, which is told beside it.
    fn message(&self) -> String {
        let of_host = self.host().map(Error::message);
        of_host.map_or_else(|| self.to_string(), ToOwned::to_owned)
    }

    /// The host's own error, where it is one.
    fn host(&self) -> Option<&Error> {
        match self {
            Self::Plugin(error)
            | Self::Off(error)
            | Self::Busy(error)
            | Self::Host(error)
            | Self::Names(NoAnswer::NoHelper(error)) => Some(error),
            _ => None,
        }
    }
}

impl From<NoAnswer> for Refusal {
    fn from(reason: NoAnswer) -> Self {
        match reason {
            NoAnswer::Unwanted => Self::Gone,
            NoAnswer::NoSuchType => Self::NotCounted,
            reason => Self::Names(reason),
        }
    }
}
