//! What goes wrong between a client and a node.

use std::{io, net::SocketAddr, time::Duration};

use http::StatusCode;

use super::node::Node;

/// What went wrong, and at which node.
#[derive(Debug, thiserror::Error)]
#[error("{}: {trouble}", self.place())]
pub struct ClientError {
    /// The node.
    pub node: Box<Node>,
    /// Its address, once it is known.
    pub address: Option<SocketAddr>,
    /// What went wrong.
    pub trouble: Trouble,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The name has no address.
    #[error("its name has no address ({0}): check the name, or give an address")]
    NoAddress(io::Error),
    /// Plain HTTP would leave this machine.
    #[error(
        "it is not on this machine, and http:// would let everybody on the way read along: use https://, or say --plain-http (the token stays here even then)"
    )]
    Plain,
    /// Nobody listens there.
    #[error(
        "connection refused: start `gaxx-mon agent` there, and let it listen on this address (agent.listen, agent.api_port)"
    )]
    Refused,
    /// There is no way to it.
    #[error("it cannot be reached ({0}): look at its network, and at the firewalls on the way")]
    Unreachable(io::Error),
    /// It did not answer in time.
    #[error("{what} took longer than {after:?}: look whether the node is up and not overloaded")]
    Silent {
        /// What was waited for.
        what: &'static str,
        /// How long.
        after: Duration,
    },
    /// TLS did not come about.
    #[error("TLS: {what}: {remedy}")]
    Tls {
        /// What is the matter.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The connection broke.
    #[error("the connection was lost {during} ({why})")]
    Lost {
        /// What was going on.
        during: &'static str,
        /// What the system says.
        why: String,
    },
    /// What answers is no agent.
    #[error(
        "what answers there is no agent of gaxx-mon ({0}): look at host and port (an agent's API is on 8088), and at http or https"
    )]
    NotAgent(String),
    /// The agent answers with an error.
    #[error("{0}")]
    Answer(Box<Answer>),
    /// The agent is of another version, or a part of it is off.
    #[error("it has no {path}: {why}")]
    Skew {
        /// What was asked for.
        path: String,
        /// Why it may have none, and what to do.
        why: String,
    },
    /// An answer does not follow the protocol.
    #[error(
        "its answer cannot be understood ({0}): look whether its version fits this one, {version}",
        version = crate::build::VERSION
    )]
    Malformed(String),
}

/// An error that an agent answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// What is the matter, in the agent's words.
    pub error: String,
    /// What to do, in the agent's words.
    pub remedy: String,
    /// The agent's word for programs, where it has one.
    pub reason: Option<String>,
    /// When to come again, where the agent says.
    pub retry_after: Option<Duration>,
    /// What the client knows besides.
    pub hint: Option<&'static str>,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.error, self.status.as_u16())?;
        if !self.remedy.is_empty() {
            write!(f, ": {}", self.remedy)?;
        }
        if let Some(after) = self.retry_after {
            write!(f, "; come again in {} s", after.as_secs())?;
        }
        self.hint.map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl ClientError {
    /// How long to wait before the same is worth another try, at least; none if it would come to
    /// the same. Whether the same may be *done* twice is another question, and the caller's.
    pub fn retry(&self) -> Option<Duration> {
        match &self.trouble {
            Trouble::Refused
            | Trouble::Unreachable(_)
            | Trouble::Silent { .. }
            | Trouble::Lost { .. } => Some(Duration::ZERO),
            Trouble::Answer(answer) => match answer.status {
                StatusCode::TOO_MANY_REQUESTS
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::BAD_GATEWAY
                | StatusCode::GATEWAY_TIMEOUT
                | StatusCode::REQUEST_TIMEOUT => Some(answer.retry_after.unwrap_or_default()),
                // Who says when to come again means it.
                _ => answer.retry_after,
            },
            _ => None,
        }
    }

    /// Whether the node has no room now, and did nothing.
    pub fn is_busy(&self) -> bool {
        self.answer()
            .is_some_and(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS)
    }

    /// The node, with its address where that says more.
    pub fn place(&self) -> String {
        match self.address {
            Some(address) if address.to_string() != self.node.to_string() => {
                format!("{} ({address})", self.node)
            }
            _ => self.node.to_string(),
        }
    }

    /// The agent's answer, where it is one.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.trouble {
            Trouble::Answer(answer) => Some(answer),
            _ => None,
        }
    }
}
