//! A body of lines: the request, then its input.

use base64::{Engine, engine::general_purpose::STANDARD};
use gaxx_sdk::serde_json;
use serde::Deserialize;

use super::{BadRequest, error};

/// Splits what arrives into lines. Holds one unfinished line at most.
#[derive(Debug)]
pub(crate) struct Lines {
    pending: Vec<u8>,
    /// How much of it was handed out.
    taken: usize,
    /// How much of it is known to hold no end of a line.
    searched: usize,
    most: usize,
}

/// What a line of input says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Bytes for the command.
    Bytes(Vec<u8>),
    /// There are no more.
    End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    stdin: Option<String>,
    stdin_base64: Option<String>,
    eof: Option<bool>,
}

impl Lines {
    /// Lines of `most` bytes each.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            pending: Vec::new(),
            taken: 0,
            searched: 0,
            most,
        }
    }

    /// Takes what has arrived.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.pending.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        self.pending.extend_from_slice(piece);
    }

    /// The next whole line, without its end. Blank ones are passed over.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, BadRequest> {
        loop {
            let rest = &self.pending[self.searched..];
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.pending.len();
                let unfinished = self.pending.len() - self.taken;
                return if unfinished > self.most {
                    Err(BadRequest::LongLine { most: self.most })
                } else {
                    Ok(None)
                };
            };
            let (start, end) = (self.taken, self.searched + end);
            self.taken = end + 1;
            self.searched = self.taken;
            if end - start > self.most {
                return Err(BadRequest::LongLine { most: self.most });
            }
            if !self.pending[start..end].trim_ascii().is_empty() {
                return Ok(Some(self.pending[start..end].trim_ascii()));
            }
        }
    }

    /// Takes away what is left.
    pub(crate) fn clear(&mut self) {
        self.taken = self.pending.len();
        self.searched = self.taken;
    }

    /// What is left at the end of the body: a last line without its end.
    pub(crate) fn rest(&mut self) -> Option<&[u8]> {
        let rest = self.pending[self.taken..].trim_ascii();
        (!rest.is_empty()).then_some(rest)
    }
}

/// Reads a line of input, the `number`th of the body.
pub(crate) fn input(line: &[u8], number: u64) -> Result<Input, BadRequest> {
    let wrong = |reason: String| BadRequest::Line {
        line: number,
        reason,
    };
    if line.first() != Some(&b'{') {
        return Err(wrong("it is not a JSON object".to_owned()));
    }
    let sent: Sent = serde_json::from_slice(line).map_err(|e| wrong(error::reason(&e)))?;
    match sent {
        Sent {
            stdin: Some(text),
            stdin_base64: None,
            eof: None,
        } => Ok(Input::Bytes(text.into_bytes())),
        Sent {
            stdin: None,
            stdin_base64: Some(base64),
            eof: None,
        } => {
            let bytes = STANDARD.decode(base64);
            Ok(Input::Bytes(bytes.map_err(|error| {
                wrong(format!("it is not base64: {error}"))
            })?))
        }
        Sent {
            stdin: None,
            stdin_base64: None,
            eof: Some(true),
        } => Ok(Input::End),
        _ => Err(wrong(
            "it has not one of stdin, stdin_base64 and eof".to_owned(),
        )),
    }
}
