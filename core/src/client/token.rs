//! What a caller shows to be let in.

use std::{fmt, path::Path};

use http::HeaderValue;

use crate::security::{SecurityError, token_file};

/// The longest token, in bytes.
const LONGEST: usize = 4096;

/// A bearer token. It prints as `<secret>`.
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// The token in a text; blanks around it do not count. `setting` says in errors where it came
    /// from; the text is not repeated, since it may be a secret all the same.
    pub fn parse(text: &str, setting: &str) -> Result<Self, SecurityError> {
        let text = text.trim();
        let fits =
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let header = fits.then(|| HeaderValue::try_from(format!("Bearer {text}")));
        let Some(Ok(mut header)) = header else {
            return Err(SecurityError::Setting {
                setting: setting.to_owned(),
                fault: "holds no token".to_owned(),
                remedy: "a token is 1 to 4096 visible ASCII characters without blanks".to_owned(),
            });
        };
        header.set_sensitive(true);
        Ok(Self(header))
    }

    /// The token in a file that only its owner may read.
    pub fn read(setting: &str, file: &Path) -> Result<Self, SecurityError> {
        Self::parse(&token_file::read(setting, file)?, setting)
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
        for text in [
            "",
            "  ",
            "hunter2 x",
            "hunter2\u{e4}",
            "hunter2\u{7}",
            &"hunter2".repeat(600),
        ] {
            let error = Token::parse(text, "T").unwrap_err().to_string();
            assert!(error.starts_with("T holds no token") && !error.contains("hunter2"));
        }
    }

    #[test]
    fn it_prints_nothing_of_itself() {
        let token = Token::parse("hunter2", "T").unwrap();
        assert_eq!(
            format!("{token:?} {:?}", token.header()),
            "<secret> Sensitive"
        );
    }
}
