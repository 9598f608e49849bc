//! Requests and replies of an endpoint.

use gaxx_abi::{BodyBox, Header, ReplyBox, abi_std::RVec};

use crate::{Deadline, Error, Result, error::answer};

/// The most bytes that are asked for at once: what passes to a child in one message.
const PIECE: u64 = 256 << 10;

/// A request without its body.
#[derive(Debug, Clone)]
pub struct Request(gaxx_abi::Request);

/// The body of a request, read piece by piece; dropping it tells the sender to stop.
pub struct Body(BodyBox);

/// The reply to a request.
///
/// It may be sent to another thread and completed after the call has returned. Dropped unused it
/// becomes an error 500; dropped in its midst, the connection is cut.
pub struct Reply(ReplyBox);

impl Request {
    pub(crate) fn new(request: gaxx_abi::Request) -> Self {
        Self(request)
    }

    /// Which of the component's routes matched.
    pub fn route(&self) -> usize {
        self.0.route as usize
    }

    /// The method, such as `GET`.
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// The path as sent, percent-encoded.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What stands behind the question mark.
    pub fn query(&self) -> &str {
        &self.0.query
    }

    /// The first header of this name, given in lower case, where it is UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.0.headers.iter().find(|header| header.name == name)?;
        std::str::from_utf8(&header.value).ok()
    }

    /// Address and port of the caller.
    pub fn peer(&self) -> &str {
        &self.0.peer
    }

    /// Who the caller proved to be; empty for an anonymous one.
    pub fn identity(&self) -> &str {
        &self.0.identity
    }
}

impl Body {
    pub(crate) fn new(body: BodyBox) -> Self {
        Self(body)
    }

    /// The next piece, of at most 256 KiB; `None` at the end.
    pub fn read(&mut self, deadline: Deadline) -> Result<Option<Vec<u8>>> {
        let piece = answer(self.0.read(PIECE, deadline.as_nanos()))?;
        Ok(piece.into_option().map(Into::into))
    }

    /// The whole body, refused where it is larger than `most` bytes.
    pub fn read_all(&mut self, most: usize, deadline: Deadline) -> Result<Vec<u8>> {
        let mut whole = Vec::new();
        while let Some(piece) = self.read(deadline)? {
            if whole.len() + piece.len() > most {
                return Err(Error::permanent(format!(
                    "the body is larger than {most} bytes"
                )));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

impl Reply {
    pub(crate) fn new(reply: ReplyBox) -> Self {
        Self(reply)
    }

    /// Sends status and headers; the body follows piece by piece.
    pub fn head(&mut self, status: u16, headers: &[(&str, &str)]) -> Result<()> {
        let headers: RVec<Header> = headers
            .iter()
            .map(|(name, value)| Header {
                name: name.to_ascii_lowercase().into(),
                value: value.as_bytes().to_vec().into(),
            })
            .collect();
        answer(self.0.head(status, headers))
    }

    /// Sends a piece of the body, waiting while the reader is slow.
    pub fn write(&mut self, piece: &[u8], deadline: Deadline) -> Result<()> {
        answer(self.0.write(piece.into(), deadline.as_nanos()))
    }

    /// Ends the body.
    pub fn finish(mut self) -> Result<()> {
        answer(self.0.finish())
    }

    /// Sends a whole answer.
    pub fn send(
        mut self,
        status: u16,
        content_type: &str,
        body: &[u8],
        deadline: Deadline,
    ) -> Result<()> {
        let length = body.len().to_string();
        self.head(
            status,
            &[("content-type", content_type), ("content-length", &length)],
        )?;
        self.write(body, deadline)?;
        self.finish()
    }

    /// Whether the caller has gone or the server is stopping.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}
