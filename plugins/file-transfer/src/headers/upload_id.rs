//! `X-Upload-Id`: by what name an upload can be resumed.

use super::unreadable;
use crate::refusal::Refusal;

/// The name that a client chose for an upload, together with who the client is and where the upload
/// goes: others that guess it find nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadId(String);

impl UploadId {
    /// Reads it: 16 to 128 letters, digits, `-`, `_` and `.`.
    pub(crate) fn parse(header: &str) -> Result<Self, Refusal> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (16..=128).contains(&header.len()) && header.bytes().all(plain) {
            return Ok(Self(header.to_owned()));
        }
        Err(unreadable(
            "X-Upload-Id",
            "choose 16 to 128 letters, digits, `-`, `_` and `.` that nobody guesses, such as a UUID",
        ))
    }

    /// The name of the file that holds what has come so far: a digest of all that it stands for.
    ///
    /// `boot` is the running system's: what a crash of the machine has left may have holes, so
    /// nothing is resumed that was begun before the last start of the system.
    pub(crate) fn file_name(&self, who: &str, path: &[u8], boot: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [self.0.as_bytes(), who.as_bytes(), path, boot.as_bytes()] {
            // With its length in front no part can be taken for the end of another.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        format!("resume-{}", hasher.finalize().to_hex())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_are_plain_and_long() {
        assert!(UploadId::parse("0123456789abcdef").is_ok());
        for text in [
            "",
            "short",
            "0123456789abcde/",
            "0123456789abcde\n",
            &"x".repeat(129),
        ] {
            assert!(UploadId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn everything_it_stands_for_tells_files_apart() {
        let one = UploadId::parse("0123456789abcdef").unwrap();
        let other = UploadId::parse("0123456789abcdeg").unwrap();
        let name = one.file_name("a", b"bc", "d");
        assert_eq!(name, one.file_name("a", b"bc", "d"));
        for different in [
            other.file_name("a", b"bc", "d"),
            one.file_name("ab", b"c", "d"),
            one.file_name("a", b"b", "cd"),
            one.file_name("a", b"bc", "e"),
        ] {
            assert_ne!(name, different);
        }
    }
}
