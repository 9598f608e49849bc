//! The key by which a caller knows a request again.

use super::BadRequest;

/// What a caller calls a request, so that sending it again does not run it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(String);

impl Key {
    /// Takes the value of the header `Idempotency-Key`.
    pub(crate) fn parse(text: &str) -> Result<Self, BadRequest> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > 255 || !visible {
            return Err(BadRequest::Key);
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as it was sent.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
