//! The digests that a caller expects: `X-Content-Blake3`, `X-Content-Sha256` as hexadecimal digits,
//! and `Repr-Digest` (RFC 9530) with `sha-256`.

use base64::{Engine, engine::general_purpose::STANDARD};
use gaxx_sdk::Request;

use super::unreadable;
use crate::{
    digest::{Digests, hex},
    refusal::{Reason, Refusal},
};

/// The digests that a caller expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Expected(Digests);

impl Expected {
    pub(crate) fn read(request: &Request) -> Result<Self, Refusal> {
        Self::from_headers(|name| request.header(name))
    }

    fn from_headers<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        let in_hex = |name: &str| {
            header(name)
                .map(|text| {
                    from_hex(text.trim()).ok_or_else(|| {
                        unreadable(name, "write the digest as 64 hexadecimal digits")
                    })
                })
                .transpose()
        };
        let standard = header("repr-digest").map(in_repr_digest).transpose()?;
        let sha256 = in_hex("x-content-sha256")?;
        if let (Some(one), Some(other)) = (sha256, standard.flatten())
            && one != other
        {
            return Err(Refusal::new(
                Reason::Digest,
                "Repr-Digest and X-Content-Sha256 are of different contents",
                "send one of them",
            ));
        }
        Ok(Self(Digests {
            blake3: in_hex("x-content-blake3")?,
            sha256: sha256.or(standard.flatten()),
        }))
    }

    /// Whether a SHA-256 is needed to check them.
    pub(crate) fn sha256(&self) -> bool {
        self.0.sha256.is_some()
    }

    /// Refuses what has come where it is something else.
    pub(crate) fn check(&self, made: &Digests) -> Result<(), Refusal> {
        for (name, expected, made) in [
            ("BLAKE3", self.0.blake3, made.blake3),
            ("SHA-256", self.0.sha256, made.sha256),
        ] {
            if let (Some(expected), Some(made)) = (expected, made)
                && expected != made
            {
                return Err(Refusal::new(
                    Reason::Digest,
                    format!(
                        "the {name} of what has come is {}, not {}; nothing was published",
                        hex(&made),
                        hex(&expected)
                    ),
                    "send it again from the start, and see that it does not change meanwhile",
                ));
            }
        }
        Ok(())
    }
}

/// The `sha-256` in a dictionary of structured fields; other algorithms are passed over, as the
/// standard has it.
fn in_repr_digest(text: &str) -> Result<Option<[u8; 32]>, Refusal> {
    let Some(value) = text
        .split(',')
        .find_map(|member| member.trim().strip_prefix("sha-256="))
    else {
        return Ok(None);
    };
    let decode = || {
        let value = value.strip_prefix(':')?.strip_suffix(':')?;
        STANDARD.decode(value).ok()?.try_into().ok()
    };
    decode().map(Some).ok_or_else(|| {
        unreadable(
            "Repr-Digest",
            "write `sha-256=:BASE64:` with 32 bytes, as RFC 9530 has it",
        )
    })
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let digits: [u8; 64] = digits?.try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().fold(0, |value, digit| value << 4 | digit);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::digest::Hasher;

    fn expected(headers: &[(&str, &str)]) -> Result<Expected, Refusal> {
        let find = |name: &str| headers.iter().find(|header| header.0 == name);
        Expected::from_headers(|name| find(name).map(|header| header.1))
    }

    #[test]
    fn all_forms_are_checked() {
        let mut hasher = Hasher::new(true);
        hasher.update(b"abc");
        let made = hasher.finish();
        let blake3 = hex(&made.blake3.unwrap());
        let sha256 = hex(&made.sha256.unwrap()).to_uppercase();
        let standard = format!(
            "sha-512=:AAAA:, sha-256=:{}:",
            STANDARD.encode(made.sha256.unwrap())
        );
        let all = [
            ("x-content-blake3", blake3.as_str()),
            ("x-content-sha256", &sha256),
            ("repr-digest", &standard),
        ];
        assert_eq!(expected(&all).unwrap().check(&made), Ok(()));
        let other = Hasher::new(true).finish();
        for header in all {
            let refused = expected(&[header]).unwrap().check(&other).unwrap_err();
            assert_eq!(refused.reason, Reason::Digest);
        }
        assert_eq!(expected(&[]).unwrap().check(&other), Ok(()));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let zeros = "0".repeat(64);
        for headers in [
            &[("x-content-blake3", "abc")][..],
            &[("x-content-sha256", &"g".repeat(64))],
            &[("repr-digest", "sha-256=AAAA")],
            &[("repr-digest", "sha-256=:AAAA:")],
            &[
                ("x-content-sha256", &zeros),
                (
                    "repr-digest",
                    "sha-256=://////////////////////////////////////////8=:",
                ),
            ],
        ] {
            assert!(expected(headers).is_err(), "{headers:?}");
        }
        let none = expected(&[("repr-digest", "md5=:AAAA:")]).unwrap();
        assert!(!none.sha256());
    }

    proptest! {
        #[test]
        fn hexadecimal_digits_read_as_written(bytes: [u8; 32]) {
            prop_assert_eq!(from_hex(&hex(&bytes)), Some(bytes));
        }

        #[test]
        fn any_text_is_a_digest_or_refused(text in "\\PC*|sha-256=:[A-Za-z0-9+/=]*:") {
            let _ = in_repr_digest(&text);
            let _ = from_hex(&text);
        }
    }
}
