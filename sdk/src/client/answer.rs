//! What a receiver answered.

use std::time::Duration;

use gaxx_sdk::{Error, ErrorKind, Result};

/// How much of an answer's text is repeated in a message.
const SHOWN: usize = 200;

/// What a receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long it wants to be left alone, where it says so.
    pub retry_after: Option<Duration>,
    /// Its `Content-Type`; may be empty.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
    pub(super) place: String,
}

impl Answer {
    /// Whether it took what was sent.
    ///
    /// # Errors
    ///
    /// 408, 425, 429 and 5xx but 501 are failures that pass, with the time that it wants to be left
    /// alone. All else that is not 2xx will be the same next time: of kind
    /// [`Permanent`](ErrorKind::Permanent).
    pub fn judge(&self) -> Result<()> {
        let kind = match self.status {
            200..=299 => return Ok(()),
            501 => ErrorKind::Permanent,
            408 | 425 | 429 | 500..=599 => ErrorKind::Failed,
            _ => ErrorKind::Permanent,
        };
        let text = self.text();
        let separator = if text.is_empty() { "" } else { ": " };
        let message = format!("{} answered {}{separator}{text}", self.place, self.status);
        let error = Error::new(kind, message).remedy(self.remedy());
        Err(match self.retry_after {
            Some(time) if kind == ErrorKind::Failed => error.retry_after(time),
            _ => error,
        })
    }

    fn remedy(&self) -> &'static str {
        match self.status {
            300..=399 => "set url to where it leads: redirects are not followed",
            401 | 403 => "look at bearer_token_file, basic, or the certificate in tls",
            404 | 405 => "look at the path in url",
            413 => "send less at once, or have the receiver take more",
            _ => "",
        }
    }

    /// The beginning of the body, where it is text, on one line.
    fn text(&self) -> String {
        let is_text = ["text/plain", "application/json", ""].iter().any(|kind| {
            let own = self.content_type.split(';').next().unwrap_or_default();
            own.trim() == *kind
        });
        if !is_text {
            return String::new();
        }
        let text = String::from_utf8_lossy(&self.body);
        let plain = text
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter });
        let plain: String = plain.take(SHOWN).collect();
        plain.trim().to_owned()
    }
}
