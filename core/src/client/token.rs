//! What a caller shows to be let in.

use std::{fmt, path::Path};

use http::HeaderValue;

use super::private::{self, PrivateFileError};

/// Tokens are short; a longer file is another one.
const LONGEST: u64 = 4096;

/// A bearer token. It prints as `<secret>`.
#[derive(Clone)]
pub struct Token(HeaderValue);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The text is none. It is not repeated, since it may be a secret all the same.
    #[error(
        "{from} holds no token: one is at least one visible ASCII character long, without blanks, and at most 4096"
    )]
    Malformed {
        /// Where the text came from.
        from: String,
    },
    /// The file cannot be read, or is open to others.
    #[error(transparent)]
    File(#[from] PrivateFileError),
}

impl Token {
    /// The token in a text; blanks around it do not count. `from` says in errors where it came from.
    pub fn parse(text: &str, from: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        let fits = !text.is_empty()
            && text.len() as u64 <= LONGEST
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        let header = fits.then(|| HeaderValue::try_from(format!("Bearer {text}")));
        let Some(Ok(mut header)) = header else {
            return Err(TokenError::Malformed {
                from: from.to_owned(),
            });
        };
        header.set_sensitive(true);
        Ok(Self(header))
    }

    /// The token in a file that only its owner may read.
    pub fn read(file: &Path) -> Result<Self, TokenError> {
        let bytes = private::read(file, LONGEST + 64)?;
        let from = file.display().to_string();
        match std::str::from_utf8(&bytes) {
            Ok(text) => Self::parse(text, &from),
            Err(_) => Err(TokenError::Malformed { from }),
        }
    }

    /// The value of `Authorization`.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn blanks_around_a_token_do_not_count() {
        let token = Token::parse(" abc.DEF-1\n", "here").unwrap();
        assert_eq!(token.header(), "Bearer abc.DEF-1");
    }

    #[test]
    fn what_is_no_token_is_refused_and_not_repeated() {
        for text in ["", "  ", "hunter2 x", "hunter2\u{e4}", "hunter2\u{7}", &"hunter2".repeat(600)] {
            let error = Token::parse(text, "T").unwrap_err().to_string();
            assert!(error.starts_with("T holds no token") && !error.contains("hunter2"));
        }
    }

    #[test]
    fn it_prints_nothing_of_itself() {
        let token = Token::parse("hunter2", "T").unwrap();
        assert_eq!(format!("{token:?} {:?}", token.header()), "<secret> Sensitive");
    }
}
