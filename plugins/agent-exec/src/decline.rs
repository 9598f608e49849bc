//! Why a request comes to no run, as its caller is told.

use gaxx_sdk::serde_json::{Value, json};

use crate::{
    gate::NoTurn, journal::JournalError, keeper::KeeperError, policy::Refusal, request::BadRequest,
};

/// Why a request comes to no run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Decline {
    #[error("the Content-Type is not application/json or application/x-ndjson")]
    ContentType,
    #[error(transparent)]
    Bad(#[from] BadRequest),
    #[error("the request is larger than {0} bytes")]
    Large(usize),
    #[error("the body of the request did not come: {0}")]
    Body(String),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("{what} is demanded by the policy, and cannot be had: {why}")]
    Unable {
        what: &'static str,
        why: &'static str,
    },
    #[error(transparent)]
    NoTurn(#[from] NoTurn),
    #[error("as many requests are being answered as may be")]
    Crowded,
    #[error("another request was sent with this Idempotency-Key")]
    OtherRequest,
    #[error("the first request with this key was not run")]
    NotRun,
    #[error("the journal of keys cannot be used: {0}")]
    Journal(#[from] JournalError),
    #[error("the audit log does not take the record: {0}")]
    Audit(gaxx_sdk::Error),
    #[error(transparent)]
    Keeper(#[from] KeeperError),
    #[error("the agent is stopping")]
    Stopping,
}

/// What sort of reason it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    BadRequest,
    ContentType,
    TooLarge,
    Body,
    Kernel,
    QueueFull,
    QueueTime,
    Cancelled,
    KeyConflict,
    Journal,
    Audit,
    Keeper,
    Stopping,
}

impl Kind {
    pub(crate) const ALL: [Self; 13] = [
        Self::BadRequest,
        Self::ContentType,
        Self::TooLarge,
        Self::Body,
        Self::Kernel,
        Self::QueueFull,
        Self::QueueTime,
        Self::Cancelled,
        Self::KeyConflict,
        Self::Journal,
        Self::Audit,
        Self::Keeper,
        Self::Stopping,
    ];

    /// A word for programs.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::ContentType => "content_type",
            Self::TooLarge => "too_large",
            Self::Body => "body",
            Self::Kernel => "kernel",
            Self::QueueFull => "queue_full",
            Self::QueueTime => "queue_time",
            Self::Cancelled => "cancelled",
            Self::KeyConflict => "key_conflict",
            Self::Journal => "journal",
            Self::Audit => "audit",
            Self::Keeper => "keeper",
            Self::Stopping => "stopping",
        }
    }
}

impl Decline {
    /// The status of the answer.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::ContentType => 415,
            Self::Bad(_) => 400,
            Self::Large(_) => 413,
            Self::Body(_) => 408,
            Self::Refused(_) | Self::Unable { .. } => 403,
            Self::NoTurn(NoTurn::Full | NoTurn::Late) | Self::Crowded => 429,
            Self::OtherRequest | Self::NotRun => 409,
            Self::NoTurn(NoTurn::Gone)
            | Self::Journal(_)
            | Self::Audit(_)
            | Self::Keeper(_)
            | Self::Stopping => 503,
        }
    }

    /// A word for programs and counters.
    pub(crate) fn label(&self) -> &'static str {
        let kind = match self {
            Self::Refused(refusal) => return refusal.reason.label(),
            Self::ContentType => Kind::ContentType,
            Self::Bad(_) => Kind::BadRequest,
            Self::Large(_) => Kind::TooLarge,
            Self::Body(_) => Kind::Body,
            Self::Unable { .. } => Kind::Kernel,
            Self::NoTurn(NoTurn::Full) | Self::Crowded => Kind::QueueFull,
            Self::NoTurn(NoTurn::Late) => Kind::QueueTime,
            Self::NoTurn(NoTurn::Gone) => Kind::Cancelled,
            Self::OtherRequest | Self::NotRun => Kind::KeyConflict,
            Self::Journal(_) => Kind::Journal,
            Self::Audit(_) => Kind::Audit,
            Self::Keeper(_) => Kind::Keeper,
            Self::Stopping => Kind::Stopping,
        };
        kind.label()
    }

    /// Seconds after which it may be tried again.
    pub(crate) fn retry_after(&self) -> Option<&'static str> {
        matches!(self.status(), 429 | 503).then_some("1")
    }

    /// What to do about it.
    fn remedy(&self) -> String {
        let text = match self {
            Self::Bad(bad) => bad.remedy(),
            Self::Refused(refusal) => return refusal.remedy.clone(),
            Self::Journal(error) => return error.remedy(),
            Self::ContentType => "send the header Content-Type: application/json",
            Self::Large(_) => {
                "stream the input, with Content-Type: application/x-ndjson, or raise plugins.agent-exec.max_request"
            }
            Self::Body(_) => "send the whole body without a long pause",
            Self::Unable { .. } => {
                "take it out of the policy if you can do without, or run the agent where it can be had"
            }
            Self::NoTurn(_) | Self::Crowded => {
                "try again later, or raise plugins.agent-exec.max_concurrent or max_queue"
            }
            Self::OtherRequest => "send another key with another request",
            Self::NotRun => "send it again",
            Self::Audit(error) if !error.remedy_text().is_empty() => {
                return error.remedy_text().to_owned();
            }
            Self::Audit(_) => {
                "nothing runs that cannot be recorded: look at the audit log's folder and its disk"
            }
            Self::Keeper(_) => "look at the agent's log",
            Self::Stopping => "try again when it has started again",
        };
        text.to_owned()
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "error": self.to_string(),
            "remedy": self.remedy(),
            "outcome": "refused",
            "reason": self.label(),
        });
        if let Self::Refused(Refusal {
            rule: Some(rule), ..
        }) = self
        {
            body["rule"] = json!(rule);
        }
        body
    }
}
