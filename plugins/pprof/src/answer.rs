//! What a page answers, and how it is sent.

use gaxx_sdk::{prelude::*, serde_json::Value};

use crate::refusal::Refusal;

/// Plain text.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
/// A profile in pprof's format, as Go calls it.
pub(crate) const PROFILE: &str = "application/octet-stream";
/// JSON.
pub(crate) const JSON: &str = "application/json";
/// A page for a browser.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// How long the caller may take nothing of the answer. The listener has a shorter time of its own.
const PATIENCE: Duration = Duration::from_mins(1);
/// What is sent at once, in bytes.
const PIECE: usize = 256 << 10;
/// What Go's HTTP client calls itself.
const GO: &str = "Go-http-client/";

/// What a page answers.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// More headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            content_type,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// A profile, to be saved under this name.
    pub(crate) fn profile(name: &str, body: Vec<u8>) -> Self {
        let disposition = format!("attachment; filename=\"{name}\"");
        Self::new(PROFILE, body).header("content-disposition", disposition)
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::new(JSON, format!("{value:#}\n"))
    }

    /// The answer to who asks with this name of a program. Go's tools show the reason if it is
    /// plain text and marked as theirs.
    pub(crate) fn refusal(refusal: &Refusal, user_agent: &str) -> Self {
        let mut answer = if user_agent.starts_with(GO) {
            Self::new(TEXT, refusal.line()).header("x-go-pprof", "1")
        } else {
            Self::new(JSON, refusal.json())
        };
        if let Some(seconds) = refusal.retry_after() {
            answer = answer.header("retry-after", seconds);
        }
        answer.status = refusal.status();
        answer
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends it; to HEAD without its body.
    pub(crate) fn send(self, mut reply: Reply, is_head: bool) -> Result<()> {
        let length = self.body.len().to_string();
        let mut headers = vec![
            ("content-type", self.content_type),
            ("x-content-type-options", "nosniff"),
        ];
        if !is_head {
            headers.push(("content-length", &length));
        }
        headers.extend(
            self.headers
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        reply.head(self.status, &headers)?;
        if !is_head {
            for piece in self.body.chunks(PIECE) {
                reply.write(piece, Deadline::after(PATIENCE))?;
            }
        }
        reply.finish()
    }
}
