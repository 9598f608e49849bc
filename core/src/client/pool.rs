//! A client of one node: it makes requests, and keeps connections.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::{Method, Request, StatusCode, header, request::Builder};
use parking_lot::Mutex;
use tokio::time::timeout;

use super::{
    body::Body,
    connect::{Channel, Connection, connect},
    error::{ClientError, Trouble},
    node::Node,
    profile,
    reply::{Reply, broken},
    token::Token,
};
use crate::build;

/// How long a client waits, and how many connections it keeps.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For a connection, handshakes included.
    pub connect: Duration,
    /// For the head of an answer, counted from when the request is sent.
    pub answer: Duration,
    /// For a heartbeat.
    pub heartbeat: Duration,
    /// For the next bytes of an answer or a transfer.
    pub silence: Duration,
    /// Idle connections kept for later requests.
    pub kept: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_mins(1),
            heartbeat: Duration::from_secs(10),
            silence: Duration::from_mins(1),
            kept: 2,
        }
    }
}

/// A request to begin with. The token and what else every request has is added when it is sent.
pub(super) fn request(method: Method, path: &str) -> Builder {
    Request::builder().method(method).uri(path)
}

/// A client of one node. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    node: Node,
    channel: Channel,
    token: Option<Token>,
    limits: Limits,
    idle: Mutex<Vec<Connection>>,
}

impl Client {
    /// A client of a node; it connects when it is asked for something.
    pub fn new(node: Node, channel: Channel, token: Option<Token>, limits: Limits) -> Self {
        Self(Arc::new(Inner {
            node,
            channel,
            token,
            limits,
            idle: Mutex::new(Vec::new()),
        }))
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.0.node
    }

    /// How long it waits.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Sends a request and waits so long for the head of the answer, which is a success.
    pub(super) async fn send(
        &self,
        request: Builder,
        body: Body,
        patience: Duration,
    ) -> Result<Reply, ClientError> {
        let request = request.body(body).map_err(|error| {
            // Only names and values of the caller can be wrong here.
            self.trouble(None, Trouble::Malformed(format!("the request: {error}")))
        })?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let reply = timeout(patience, self.exchange(request)).await;
        let reply = reply.unwrap_or_else(|_| {
            let (what, after) = ("its answer", patience);
            Err(self.trouble(None, Trouble::Silent { what, after }))
        });
        reply?.accepted(&method, &path).await
    }

    /// Whatever is answered to a request.
    async fn exchange(&self, mut request: Request<Body>) -> Result<Reply, ClientError> {
        loop {
            let kept = self.0.idle.lock().pop();
            let is_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => connect(&self.0.node, &self.0.channel, self.0.limits.connect).await?,
            };
            self.complete(&mut request, &connection);
            match connection.requests.try_send_request(request).await {
                Ok(response) => return Ok(Reply::new(response, self.clone(), connection)),
                Err(mut error) => match error.take_message() {
                    // A kept connection that the node has closed meanwhile: nothing was sent on it.
                    Some(unsent) if is_kept => request = unsent,
                    _ => {
                        let why = broken(error.error(), &self.0.node, "before it answered");
                        return Err(self.trouble(Some(connection.address), why));
                    }
                },
            }
        }
    }

    fn complete(&self, request: &mut Request<Body>, connection: &Connection) {
        let host = self.0.node.to_string();
        let headers = request.headers_mut();
        if let Ok(host) = host.parse() {
            headers.insert(header::HOST, host);
        }
        let agent = concat!("gaxx-mon/", env!("CARGO_PKG_VERSION"));
        headers.insert(header::USER_AGENT, http::HeaderValue::from_static(agent));
        match &self.0.token {
            Some(token) if connection.keeps_secrets(&self.0.channel) => {
                headers.insert(header::AUTHORIZATION, token.header());
            }
            _ => {}
        }
    }

    /// Takes a connection back whose answer was read to its end.
    pub(super) fn keep(&self, connection: Connection) {
        let mut idle = self.0.idle.lock();
        if !connection.requests.is_closed() && idle.len() < self.0.limits.kept {
            idle.push(connection);
        }
    }

    /// How many connections are kept.
    #[cfg(test)]
    pub(super) fn idle(&self) -> usize {
        self.0.idle.lock().len()
    }

    /// An error about this node.
    pub(super) fn trouble(&self, address: Option<SocketAddr>, trouble: Trouble) -> ClientError {
        ClientError {
            node: Box::new(self.0.node.clone()),
            address,
            trouble,
        }
    }

    /// What the caller cannot know from a refusal.
    pub(super) fn hint(&self, status: StatusCode, address: SocketAddr) -> Option<&'static str> {
        let plain = matches!(self.0.channel, Channel::Plain(_));
        let withheld = plain && !address.ip().to_canonical().is_loopback();
        match (status, &self.0.token) {
            (StatusCode::UNAUTHORIZED, None) => Some(
                "no token was sent: give one with --token-file, GAXX_AGENT_TOKEN or client.token_file; where the agent is on this machine, its own is in agent.token of its state folder",
            ),
            (StatusCode::UNAUTHORIZED, Some(_)) if withheld => {
                Some("a token never goes over plain HTTP to another machine: use https://")
            }
            (StatusCode::UNAUTHORIZED, Some(_)) => {
                Some("the agent does not know the token that was sent, or it has run out")
            }
            _ => None,
        }
    }

    /// The error for a path that the agent does not have: why, its heartbeat may tell.
    pub(super) async fn missing(&self, address: SocketAddr, path: &str) -> ClientError {
        if path.starts_with(profile::FOLDER) {
            let (path, why) = (path.to_owned(), profile::MISSING.to_owned());
            return self.trouble(Some(address), Trouble::Skew { path, why });
        }
        // `Box::pin`: a heartbeat is a request as well, which may be missing.
        let heartbeat = match path {
            "/v0/heartbeat" => None,
            _ => Box::pin(self.heartbeat()).await.ok(),
        };
        let Some(beat) = heartbeat else {
            let found = "it has no /v0/heartbeat; is it a monitoring port?".to_owned();
            return self.trouble(Some(address), Trouble::NotAgent(found));
        };
        let served: Vec<&str> = beat.capabilities().into_iter().collect();
        let why = format!(
            "the agent is version {} and this is {}; its API is served by: {}. The plugin that serves it may be off in its configuration, or its version too old",
            beat.version,
            build::VERSION,
            served.join(", "),
        );
        let path = path.to_owned();
        self.trouble(Some(address), Trouble::Skew { path, why })
    }
}
