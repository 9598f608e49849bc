//! What an agent answers.

use std::{net::SocketAddr, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{
    connect::Connection,
    error::{Answer, ClientError, Trouble},
    node::Node,
    pool::Client,
    tls_trouble,
};

/// Error answers are short; what is longer is no agent's.
const LONGEST_ERROR: usize = 64 * 1024;

/// An answer whose body has not been read. Dropping it closes the connection, unless all of it was
/// read.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Incoming,
    client: Client,
    connection: Option<Connection>,
    address: SocketAddr,
}

/// The body of an error answer.
#[derive(Deserialize)]
struct Failure {
    error: String,
    #[serde(default)]
    remedy: String,
    #[serde(default)]
    reason: Option<String>,
}

impl Reply {
    pub(super) fn new(
        response: http::Response<Incoming>,
        client: Client,
        connection: Connection,
    ) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            body,
            client,
            address: connection.address,
            connection: Some(connection),
        }
    }

    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How many bytes the body has, where that is told.
    pub(super) fn length(&self) -> Option<u64> {
        self.header(header::CONTENT_LENGTH.as_str())?.parse().ok()
    }

    /// How long the next bytes are waited for.
    pub(super) fn silence(&self) -> Duration {
        self.client.limits().silence
    }

    /// The next piece of the body, none at its end; each within `patience`, where there is one.
    pub(super) async fn piece(
        &mut self,
        patience: Option<Duration>,
    ) -> Result<Option<Bytes>, ClientError> {
        loop {
            let frame = match patience {
                Some(after) => timeout(after, self.body.frame()).await.map_err(|_| {
                    self.trouble(Trouble::Silent {
                        what: "the next part of its answer",
                        after,
                    })
                })?,
                None => self.body.frame().await,
            };
            match frame {
                // Read to its end: the connection serves again.
                None => {
                    if let Some(connection) = self.connection.take() {
                        self.client.keep(connection);
                    }
                    return Ok(None);
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => {
                    return Err(self.trouble(broken(&error, self.client.node(), "in the answer")));
                }
            }
        }
    }

    /// The whole body, of at most `limit` bytes.
    pub(super) async fn bytes(&mut self, limit: usize) -> Result<Bytes, ClientError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.piece(Some(self.client.limits().silence)).await? {
            if whole.len() + piece.len() > limit {
                return Err(self.malformed(format!("it is longer than {limit} bytes")));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// The whole body as JSON of at most `limit` bytes.
    pub(super) async fn json<T: DeserializeOwned>(
        &mut self,
        limit: usize,
    ) -> Result<T, ClientError> {
        let bytes = self.bytes(limit).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.malformed(error.to_string()))
    }

    /// The answer if it is a success; else the error that it tells.
    pub(super) async fn accepted(
        mut self,
        method: &Method,
        path: &str,
    ) -> Result<Self, ClientError> {
        if self.status.is_success() {
            return Ok(self);
        }
        if self.status.is_redirection() && self.status != StatusCode::NOT_MODIFIED {
            let found = format!(
                "it redirects ({}), which is not followed",
                self.status.as_u16()
            );
            return Err(self.trouble(Trouble::NotAgent(found)));
        }
        let retry_after = self.header(header::RETRY_AFTER.as_str());
        let retry_after = retry_after.and_then(|text| text.parse().ok());
        let failure = if method == Method::HEAD {
            // Its answer has no body that could say more.
            let reason = self.status.canonical_reason().unwrap_or("refused");
            Some(Failure {
                error: format!("{path}: {reason}"),
                remedy: String::new(),
                reason: None,
            })
        } else {
            self.failure().await
        };
        let Some(failure) = failure else {
            let found = format!("it answers {} without saying why", self.status);
            return Err(self.trouble(Trouble::NotAgent(found)));
        };
        // What core answers where nobody serves the path.
        if self.status == StatusCode::NOT_FOUND && failure.error == "there is nothing at this path"
        {
            return Err(self.client.missing(self.address, path).await);
        }
        let answer = Answer {
            status: self.status,
            error: failure.error,
            remedy: failure.remedy,
            reason: failure.reason,
            retry_after: retry_after.map(Duration::from_secs),
            hint: self.client.hint(self.status, self.address),
        };
        Err(self.trouble(Trouble::Answer(Box::new(answer))))
    }

    /// What an error answer says, if it is one of an agent.
    async fn failure(&mut self) -> Option<Failure> {
        let bytes = self.bytes(LONGEST_ERROR).await.ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// An error about this answer.
    pub(super) fn trouble(&self, trouble: Trouble) -> ClientError {
        self.client.trouble(Some(self.address), trouble)
    }

    /// The error that this answer does not follow the protocol.
    pub(super) fn malformed(&self, why: impl Into<String>) -> ClientError {
        self.trouble(Trouble::Malformed(why.into()))
    }
}

/// What an error of hyper means.
pub(super) fn broken(error: &hyper::Error, node: &Node, during: &'static str) -> Trouble {
    if let Some(error) = tls_trouble::found_in(error) {
        return tls_trouble::explain(error, node);
    }
    // Parse errors come before anything else could be read: no HTTP is spoken there.
    if error.is_parse() {
        return Trouble::NotAgent("it does not speak HTTP".to_owned());
    }
    let cause = std::error::Error::source(error).map(ToString::to_string);
    Trouble::Lost {
        during,
        why: cause.unwrap_or_else(|| error.to_string()),
    }
}
