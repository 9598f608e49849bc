//! Requests and whole responses, whatever their status.

use std::io::Read;
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;
use ureq::Agent;

/// How long one request may take before the test fails.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Larger than any answer the tests ask for.
const BODY: u64 = 256 << 20;

/// A response, read to its end.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The body as it came: compressed, if it was.
    pub body: Vec<u8>,
}

impl Response {
    /// A header's text, empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!(
                "not JSON ({error}), status {}: {}",
                self.status,
                self.lossy()
            )
        })
    }

    /// Panics with the body unless the status is `status`.
    #[track_caller]
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert!(
            self.status == status,
            "{} instead of {status}: {}",
            self.status,
            self.lossy()
        );
        self
    }

    fn lossy(&self) -> String {
        String::from_utf8_lossy(&self.body)
            .chars()
            .take(2000)
            .collect()
    }
}

/// A request to be sent, on a connection of its own.
#[derive(Debug)]
pub struct Request {
    builder: http::request::Builder,
    timeout: Duration,
}

impl Request {
    /// A request for a whole URL.
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            builder: http::Request::builder().method(method).uri(url),
            timeout: TIMEOUT,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Bounds the whole exchange; 60 s otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends it without a body. The error says why no response came.
    pub fn try_send(self) -> Result<Response, String> {
        let request = self.builder.body(()).map_err(|error| error.to_string())?;
        read(
            agent(self.timeout)
                .run(request)
                .map_err(|error| error.to_string())?,
        )
    }

    /// Sends it with a body.
    pub fn try_send_body(self, body: Vec<u8>) -> Result<Response, String> {
        let request = self.builder.body(body).map_err(|error| error.to_string())?;
        read(
            agent(self.timeout)
                .run(request)
                .map_err(|error| error.to_string())?,
        )
    }

    /// Sends it and hands over the head and the body still to come, as for server-sent events.
    pub fn open(self) -> Result<(u16, HeaderMap, Box<dyn Read + Send>), String> {
        let request = self.builder.body(()).map_err(|error| error.to_string())?;
        let response = agent(self.timeout)
            .run(request)
            .map_err(|error| error.to_string())?;
        let (head, body) = response.into_parts();
        Ok((
            head.status.as_u16(),
            head.headers,
            Box::new(body.into_reader()),
        ))
    }

    /// Sends it and panics if no response comes.
    #[track_caller]
    pub fn send(self) -> Response {
        self.try_send()
            .unwrap_or_else(|reason| panic!("no response: {reason}"))
    }
}

fn agent(timeout: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .allow_non_standard_methods(true)
        // A connection each: a kept one would hide what a new client meets.
        .max_idle_connections(0)
        .timeout_global(Some(timeout))
        .build()
        .into()
}

fn read(response: http::Response<ureq::Body>) -> Result<Response, String> {
    let (head, mut body) = response.into_parts();
    let body = body
        .with_config()
        .limit(BODY)
        .read_to_vec()
        .map_err(|error| error.to_string())?;
    Ok(Response {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
    })
}
