//! One request: what it asks, what it brings, and its answer.

use std::time::Duration;

use gaxx_sdk::{
    prelude::*,
    serde_json::{Map, Value},
};

use crate::{
    digest::{Digests, hex},
    entity::Entity,
    refusal::Refusal,
};

/// How long the caller may send nothing of what it announced, or take nothing of the answer. The
/// listener has a shorter time of its own.
const PATIENCE: Duration = Duration::from_mins(1);

/// The most that is taken of what is of no use, in bytes, and how long that may last.
const DRAIN: usize = 64 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// One request, on its way to its answer.
pub(crate) struct Exchange {
    pub(crate) request: Request,
    body: Body,
    /// Nothing once the answer was begun.
    reply: Option<Reply>,
}

/// The body of an answer, piece by piece. Dropped before [`Stream::finish`] the connection is cut.
pub(crate) struct Stream(Reply);

impl Exchange {
    pub(crate) fn new(request: Request, body: Body, reply: Reply) -> Self {
        Self {
            request,
            body,
            reply: Some(reply),
        }
    }

    /// Whether only the head of the answer is wanted.
    pub(crate) fn is_head(&self) -> bool {
        self.request.method() == "HEAD"
    }

    /// The next piece of what the request brings; nothing at its end.
    pub(crate) fn read(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        self.body
            .read(Deadline::after(PATIENCE))
            .map_err(|error| Refusal::interrupted(&error))
    }

    /// Begins the answer.
    pub(crate) fn stream(&mut self, status: u16, headers: &Headers) -> Result<Stream, Refusal> {
        let mut reply = self.reply.take().ok_or_else(answered)?;
        let headers: Vec<_> = headers
            .0
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        reply
            .head(status, &headers)
            .map_err(|error| Refusal::interrupted(&error))?;
        Ok(Stream(reply))
    }

    /// Answers with a JSON object.
    pub(crate) fn json(
        &mut self,
        status: u16,
        headers: Headers,
        object: Map<String, Value>,
    ) -> Result<(), Refusal> {
        let mut text = Value::Object(object).to_string();
        text.push('\n');
        self.whole(status, headers, "application/json", text.as_bytes())
    }

    /// Answers a refusal; where the answer was begun before, the connection is cut instead.
    pub(crate) fn refuse(&mut self, refusal: &Refusal) {
        let mut headers = Headers::default();
        for (name, value) in &refusal.headers {
            headers.add(name, value.clone());
        }
        if let Some(time) = refusal.retry_after {
            headers.add("retry-after", time.as_secs().max(1).to_string());
        }
        let text = refusal.body() + "\n";
        let status = refusal.reason.status();
        // Who has gone needs no answer.
        let _ = self.whole(status, headers, "application/json", text.as_bytes());
    }

    /// Takes what still comes, so that who sends it gets to read the answer: a connection that is
    /// closed before is reset, and the answer may be lost with it. Who asked whether to send, or
    /// sends too much, is not waited for.
    pub(crate) fn drain(&mut self) {
        let asks = |name| self.request.header(name).is_some();
        if asks("expect") || !(asks("content-length") || asks("transfer-encoding")) {
            return;
        }
        let deadline = Deadline::after(DRAIN_TIME);
        let mut left = DRAIN;
        while let Ok(Some(piece)) = self.body.read(deadline) {
            left = left.saturating_sub(piece.len());
            if left == 0 || deadline.has_passed() {
                return;
            }
        }
    }

    fn whole(
        &mut self,
        status: u16,
        mut headers: Headers,
        kind: &'static str,
        body: &[u8],
    ) -> Result<(), Refusal> {
        headers.add("content-type", kind.to_owned());
        headers.add("content-length", body.len().to_string());
        let head = self.is_head();
        let mut stream = self.stream(status, &headers)?;
        if !head {
            stream.write(body)?;
        }
        stream.finish()
    }

    /// Ends work for an answer that nobody waits for any more.
    pub(crate) fn is_wanted(&self) -> Result<(), Refusal> {
        if self.reply.as_ref().is_some_and(Reply::is_cancelled) {
            let gone = Error::new(gaxx_sdk::ErrorKind::Cancelled, "the caller has gone");
            return Err(Refusal::interrupted(&gone));
        }
        Ok(())
    }
}

impl Stream {
    /// Sends a piece, waiting while the reader is slow.
    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        self.0
            .write(piece, Deadline::after(PATIENCE))
            .map_err(|error| Refusal::interrupted(&error))
    }

    /// Ends the answer.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        self.0
            .finish()
            .map_err(|error| Refusal::interrupted(&error))
    }
}

/// The headers of an answer.
#[derive(Debug, Default)]
pub(crate) struct Headers(Vec<(&'static str, String)>);

impl Headers {
    pub(crate) fn add(&mut self, name: &'static str, value: String) {
        self.0.push((name, value));
    }

    /// What is known of a file beside its content.
    pub(crate) fn entity(&mut self, entity: &Entity) {
        self.add("etag", entity.tag.clone());
        self.add("x-file-kind", entity.kind.label().to_owned());
        self.add("x-file-mode", format!("{:04o}", entity.mode));
        self.add("x-file-mtime", entity.modified.text());
        if let Some(date) = entity.modified.http_date() {
            self.add("last-modified", date);
        }
    }

    pub(crate) fn digests(&mut self, digests: &Digests) {
        if let Some(blake3) = digests.blake3 {
            self.add("x-content-blake3", hex(&blake3));
        }
        if let Some(sha256) = digests.sha256 {
            self.add("x-content-sha256", hex(&sha256));
        }
    }
}

fn answered() -> Refusal {
    Refusal::new(
        crate::refusal::Reason::System,
        "the answer was begun already",
        "report this: it is a mistake in the agent",
    )
}
