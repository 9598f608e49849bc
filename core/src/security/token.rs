//! Bearer tokens, kept as hashes.

use std::{fmt, str::FromStr, time::SystemTime};

use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use thiserror::Error;

use super::{Expiry, Scopes, authorization::is_token_byte};

/// Longest token, in bytes.
pub(super) const MAX_TOKEN: usize = 4096;

/// The SHA-256 of a token. That it is fast to compute does no harm where tokens are random, as
/// those that gaxx-mon makes are (256 bits).
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

/// A text that is no hash of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "is no hash of a token; write `sha256:` and 64 hexadecimal digits, as \
     `printf %s TOKEN | sha256sum` shows them"
)]
pub struct NoHash;

/// A text that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoToken {
    /// Nothing.
    #[error("is empty; `gaxx-mon agent token NAME` makes a token")]
    Empty,
    /// More than a header should hold.
    #[error("is longer than 4096 characters; `gaxx-mon agent token NAME` makes a token")]
    Long,
    /// It could not be sent in a header.
    #[error("has other characters than letters, digits and -._~+/=, so no caller could send it")]
    Characters,
}

impl TokenHash {
    /// The hash of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl FromStr for TokenHash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        let digits = text.strip_prefix("sha256:").ok_or(NoHash)?.as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        let mut hash = [0; 32];
        if pairs.len() != hash.len() || !rest.is_empty() {
            return Err(NoHash);
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            let digit = |digit: &u8| char::from(*digit).to_digit(16).ok_or(NoHash);
            *byte = u8::try_from(digit(high)? << 4 | digit(low)?).map_err(|_| NoHash)?;
        }
        Ok(Self(hash))
    }
}

/// As a configuration has it.
impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

/// A token, of which only the hash is kept.
#[derive(Debug, Clone)]
pub struct Token {
    /// Whose it is.
    pub name: String,
    /// Its hash.
    pub hash: TokenHash,
    /// What its bearer may do.
    pub scopes: Scopes,
    /// Its last day, if it has one.
    pub expires: Option<Expiry>,
}

impl Token {
    /// A token for ever, from its text. The text is not kept.
    pub fn from_text(name: impl Into<String>, text: &str, scopes: Scopes) -> Result<Self, NoToken> {
        check(text)?;
        Ok(Self {
            name: name.into(),
            hash: TokenHash::of(text),
            scopes,
            expires: None,
        })
    }

    /// Whether its last day is over.
    pub(super) fn is_over(&self) -> bool {
        self.expires
            .is_some_and(|expiry| expiry.is_over(SystemTime::now()))
    }
}

/// Whether this could be a token.
pub(super) fn check(text: &str) -> Result<(), NoToken> {
    match text {
        "" => Err(NoToken::Empty),
        _ if text.len() > MAX_TOKEN => Err(NoToken::Long),
        _ if !text.bytes().all(is_token_byte) => Err(NoToken::Characters),
        _ => Ok(()),
    }
}

/// The token of this text, if it is one of them. It is compared with all, each in constant time,
/// so how long that takes tells nothing about any.
pub(super) fn find<'a>(tokens: &'a [Token], text: &str) -> Option<&'a Token> {
    if text.len() > MAX_TOKEN {
        return None;
    }
    let hash = TokenHash::of(text);
    let mut found = u32::MAX;
    for (number, token) in (0..).zip(tokens) {
        let equal: Choice = token.hash.0.ct_eq(&hash.0);
        found.conditional_assign(&number, equal);
    }
    tokens.get(usize::try_from(found).ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    /// Of `printf %s abc | sha256sum` (FIPS 180-2, appendix B.1).
    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn token(name: &str, text: &str) -> Token {
        Token::from_text(name, text, Scopes::NONE).unwrap()
    }

    #[test]
    fn the_hash_is_that_of_sha256sum() {
        assert_eq!(TokenHash::of("abc").to_string(), ABC);
        let upper = ABC.to_uppercase().replace("SHA", "sha");
        assert_eq!(upper.parse::<TokenHash>().unwrap().to_string(), ABC);
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for text in [
            "",
            "sha256:",
            &ABC[7..],
            &ABC[..70],
            "sha1:00",
            &ABC.replace('b', "g"),
        ] {
            assert_eq!(text.parse::<TokenHash>().err(), Some(NoHash), "{text}");
        }
        assert!(format!("{ABC}0").parse::<TokenHash>().is_err());
        assert!(format!("{ABC}00").parse::<TokenHash>().is_err());
    }

    #[test]
    fn the_right_one_of_several_is_found() {
        let tokens = [token("a", "one"), token("b", "two"), token("c", "three")];
        let name = |text: &str| find(&tokens, text).map(|token| token.name.as_str());
        assert_eq!(name("one"), Some("a"));
        assert_eq!(name("three"), Some("c"));
        assert_eq!(name("four"), None);
        assert_eq!(name(""), None);
        assert!(find(&[], "one").is_none());
    }

    #[test]
    fn what_no_header_could_carry_is_no_token() {
        assert_eq!(check(""), Err(NoToken::Empty));
        assert_eq!(check("a b"), Err(NoToken::Characters));
        assert_eq!(check("a\n"), Err(NoToken::Characters));
        assert_eq!(check(&"a".repeat(5000)), Err(NoToken::Long));
    }

    #[test]
    fn a_token_is_not_shown() {
        let shown = format!("{:?}", token("alice", "hunter2"));
        assert!(
            !shown.contains("hunter2") && !shown.contains("f52fbd"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in "(sha256:)?[0-9a-fA-F]{60,68}|.*") {
            let _ = text.parse::<TokenHash>();
        }

        #[test]
        fn a_hash_is_read_back(token in ".*") {
            let hash = TokenHash::of(&token);
            let read = hash.to_string().parse::<TokenHash>().unwrap();
            prop_assert_eq!(read.0, hash.0);
        }
    }
}
