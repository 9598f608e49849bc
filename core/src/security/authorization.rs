//! The `Authorization` header (RFC 9110, section 11.6.2).

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, header::AUTHORIZATION};

/// Longest user name with its password, in bytes.
const MAX_LOGIN: usize = 1024;

/// Padding is left out by some clients.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request brings to show who sent it.
#[derive(PartialEq, Eq)]
pub(super) enum Credentials<'a> {
    /// Nothing.
    None,
    /// A bearer token (RFC 6750).
    Bearer(&'a str),
    /// User name and password (RFC 7617).
    Basic(Login),
    /// Something that is neither.
    Malformed(&'static str),
}

/// User name and password. It has no `Debug`, so that none of it gets into a log.
#[derive(PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

impl<'a> Credentials<'a> {
    /// Reads the header; nothing is allocated where there is none, or where it holds a token.
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Self::None,
            (Some(value), None) => value,
            (Some(_), Some(_)) => {
                return Self::Malformed("the request has more than one Authorization header");
            }
        };
        let Ok(value) = value.to_str() else {
            return Self::Malformed("the Authorization header is not text");
        };
        let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        let rest = rest.trim_start();
        if scheme.eq_ignore_ascii_case("bearer") {
            if rest.is_empty() || !rest.bytes().all(is_token_byte) {
                return Self::Malformed("the Authorization header holds no token after Bearer");
            }
            return Self::Bearer(rest);
        }
        if scheme.eq_ignore_ascii_case("basic") {
            return Login::decode(rest).map_or(
                Self::Malformed("the Authorization header holds no user and password after Basic"),
                Self::Basic,
            );
        }
        Self::Malformed("the Authorization header is of a kind that is not known here")
    }
}

impl Login {
    fn decode(text: &str) -> Option<Self> {
        // Four characters carry three bytes.
        if text.len() > MAX_LOGIN.div_ceil(3) * 4 {
            return None;
        }
        let mut user = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
        let colon = user.find(':')?;
        let password = user.split_off(colon + 1);
        user.truncate(colon);
        let control = |text: &str| text.chars().any(char::is_control);
        (!control(&user) && !control(&password)).then_some(Self { user, password })
    }
}

/// Whether a token may have this byte (`b64token` of RFC 6750, section 2.1, with `=` anywhere).
pub(super) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
    }

    fn basic(text: &str) -> Option<(String, String)> {
        match Credentials::of(&headers(&format!("Basic {text}"))) {
            Credentials::Basic(login) => Some((login.user, login.password)),
            _ => None,
        }
    }

    #[test]
    fn a_token_is_taken_as_it_is() {
        for header in ["Bearer abc.DEF-1", "bearer  abc.DEF-1", "BEARER abc.DEF-1 "] {
            let headers = headers(header);
            assert!(Credentials::of(&headers) == Credentials::Bearer("abc.DEF-1"));
        }
        assert!(Credentials::of(&HeaderMap::new()) == Credentials::None);
    }

    #[test]
    fn what_is_neither_is_malformed() {
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Bearer \"a\"",
            "Basic",
            "Basic !",
            "Basic YQ==",
            "Negotiate abc",
            "abc",
            "Basic YTpi YTpi",
            "Bearer a,b",
        ] {
            let headers = headers(header);
            let read = Credentials::of(&headers);
            assert!(matches!(read, Credentials::Malformed(_)), "{header:?}");
        }
        let mut twice = headers("Bearer a");
        twice.append(AUTHORIZATION, HeaderValue::from_static("Bearer b"));
        assert!(matches!(Credentials::of(&twice), Credentials::Malformed(_)));
    }

    #[test]
    fn a_password_may_have_colons_and_no_padding_and_nothing_invisible() {
        let login = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(basic("YTpiOmM="), login("a", "b:c"));
        assert_eq!(basic("YTpiOmM"), login("a", "b:c"));
        assert_eq!(basic("Og=="), login("", ""));
        assert_eq!(basic("YTpiAA=="), None, "a NUL at its end");
        assert_eq!(basic("/zph"), None, "not UTF-8");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_without_a_panic(value in proptest::collection::vec(any::<u8>(), 0..2000)) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
                let _ = Credentials::of(&headers);
            }
        }

        #[test]
        fn a_login_is_read_back(user in "[^:\\p{Cc}]{0,40}", password in "\\P{Cc}{0,40}") {
            let text = BASE64.encode(format!("{user}:{password}"));
            prop_assert_eq!(basic(&text), Some((user, password)));
        }

        #[test]
        fn a_token_is_read_back(token in "[A-Za-z0-9._~+/=-]{1,300}") {
            let headers = headers(&format!("Bearer {token}"));
            prop_assert!(Credentials::of(&headers) == Credentials::Bearer(&token));
        }
    }
}
