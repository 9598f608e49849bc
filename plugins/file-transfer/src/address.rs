//! Which root and which path beneath it a request names.

use crate::{
    digest::hex,
    refusal::{Reason, Refusal},
};

/// The path of the API that all others begin with.
pub(crate) const PREFIX: &str = "/v0/files";
/// The folder of a root in which uploads wait until they are whole.
pub(crate) const PARTIAL: &str = ".gaxx-partial";

/// The longest name, as Linux has it (`NAME_MAX`), in bytes.
const NAME: usize = 255;
/// The longest path, as Linux has it (`PATH_MAX` without the NUL), in bytes.
const PATH: usize = 4095;

/// A root and a path beneath it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The root's name.
    pub(crate) root: String,
    /// Names joined by slashes, none at either end; empty for the root itself. No name is empty,
    /// `.`, `..` or the agent's own, and none holds a slash or a NUL. Else a name is any bytes.
    pub(crate) path: Vec<u8>,
}

impl Address {
    /// Reads the path of a request, as sent; nothing where it names all roots.
    ///
    /// It is percent-decoded once, name by name, so that an encoded slash stays in its name and is
    /// refused there. `+` and the backslash are bytes like any other. A slash may stand behind the
    /// name of a root, and behind no other.
    pub(crate) fn parse(path: &str) -> Result<Option<Self>, Refusal> {
        let rest = path.strip_prefix(PREFIX).unwrap_or_default();
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Ok(None);
        }
        let (root, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let root = name(root)?;
        let path = match rest {
            "" => Vec::new(),
            rest => relative(rest.split('/').map(decode))?,
        };
        let root = String::from_utf8_lossy(&root).into_owned();
        Ok(Some(Self { root, path }))
    }

    /// Reads a path in a tar stream: names as they are, perhaps with a slash at the end or `./` in
    /// front; empty for the folder itself.
    pub(crate) fn in_archive(path: &[u8]) -> Result<Vec<u8>, Refusal> {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let path = path.strip_prefix(b"./").unwrap_or(path);
        if path == b"." || path.is_empty() {
            return Ok(Vec::new());
        }
        relative(
            path.split(|byte| *byte == b'/')
                .map(|name| Ok(name.to_vec())),
        )
    }
}

/// The folder that a path is in, and its name there.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

/// A path and a name in it.
pub(crate) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() {
        name.to_vec()
    } else {
        [folder, b"/", name].concat()
    }
}

fn relative(names: impl Iterator<Item = Result<Vec<u8>, Refusal>>) -> Result<Vec<u8>, Refusal> {
    let mut path = Vec::new();
    for name in names {
        let name = checked(name?)?;
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(&name);
        if path.len() > PATH {
            return Err(Refusal::new(
                Reason::NameTooLong,
                format!("the path is longer than {PATH} bytes"),
                "use shorter names or fewer folders",
            ));
        }
    }
    Ok(path)
}

fn name(encoded: &str) -> Result<Vec<u8>, Refusal> {
    checked(decode(encoded)?)
}

fn checked(name: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let (reason, message, remedy) = if name.is_empty() || name == b"." || name == b".." {
        (
            Reason::Segment,
            "the path has an empty name, `.` or `..`".to_owned(),
            "name the file by the names of its folders, joined by single slashes",
        )
    } else if name.contains(&0) {
        (
            Reason::Nul,
            "a name in the path holds a NUL".to_owned(),
            "no file has such a name",
        )
    } else if name.contains(&b'/') {
        (
            Reason::Encoding,
            "a name in the path holds an encoded slash".to_owned(),
            "no file has such a name; separate names by plain slashes",
        )
    } else if name.len() > NAME {
        (
            Reason::NameTooLong,
            format!("a name in the path is longer than {NAME} bytes"),
            "use shorter names",
        )
    } else if name == PARTIAL.as_bytes() {
        (
            Reason::Reserved,
            format!("{PARTIAL} holds uploads that are not whole yet"),
            "use another name",
        )
    } else {
        return Ok(name);
    };
    Err(Refusal::new(reason, message, remedy))
}

/// Percent-decodes a name, or a value in a query.
pub(crate) fn decode(encoded: &str) -> Result<Vec<u8>, Refusal> {
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = bytes.next().and_then(hex_digit);
                let low = bytes.next().and_then(hex_digit);
                high.zip(low)
                    .map(|(high, low)| high << 4 | low)
                    .ok_or_else(|| {
                        Refusal::new(
                            Reason::Encoding,
                            "the path or the query has a % without two hexadecimal digits",
                            "write the percent sign itself as %25",
                        )
                    })?
            }
            byte => byte,
        });
    }
    Ok(decoded)
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Percent-encodes a name, for a query or a path.
pub(crate) fn encode(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                text.push(char::from(*byte));
            }
            byte => {
                text.push('%');
                text.push_str(&hex(&[*byte]).to_ascii_uppercase());
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn refused(path: &str) -> Reason {
        Address::parse(path).unwrap_err().reason
    }

    fn path(text: &str) -> Vec<u8> {
        Address::parse(text).unwrap().unwrap().path
    }

    #[test]
    fn roots_and_paths_are_told_apart() {
        assert_eq!(Address::parse("/v0/files").unwrap(), None);
        assert_eq!(Address::parse("/v0/files/").unwrap(), None);
        for text in ["/v0/files/data", "/v0/files/data/"] {
            let address = Address::parse(text).unwrap().unwrap();
            assert_eq!((address.root.as_str(), address.path.len()), ("data", 0));
        }
        assert_eq!(path("/v0/files/data/a/b%20c+d"), b"a/b c+d");
        assert_eq!(path("/v0/files/d/%FF%0a\\"), b"\xff\n\\");
        assert_eq!(path("/v0/files/d/%252e"), b"%2e", "decoded once");
    }

    #[test]
    fn what_is_no_plain_path_is_refused() {
        for (text, reason) in [
            ("/v0/files//a", Reason::Segment),
            ("/v0/files/d//a", Reason::Segment),
            ("/v0/files/d/a/", Reason::Segment),
            ("/v0/files/d/..", Reason::Segment),
            ("/v0/files/d/a/%2e%2E/b", Reason::Segment),
            ("/v0/files/../d", Reason::Segment),
            ("/v0/files/d/./a", Reason::Segment),
            ("/v0/files/d/a%2Fb", Reason::Encoding),
            ("/v0/files/d/%2fetc", Reason::Encoding),
            ("/v0/files/d/%", Reason::Encoding),
            ("/v0/files/d/%4", Reason::Encoding),
            ("/v0/files/d/%+4", Reason::Encoding),
            ("/v0/files/d/%zz", Reason::Encoding),
            ("/v0/files/d/a%00", Reason::Nul),
            ("/v0/files/d/.gaxx-partial/x", Reason::Reserved),
            ("/v0/files/d/a/%2Egaxx-partial", Reason::Reserved),
        ] {
            assert_eq!(refused(text), reason, "{text}");
        }
        let name = |length: usize| format!("/v0/files/d/{}", "x".repeat(length));
        assert_eq!(path(&name(255)).len(), 255);
        assert_eq!(refused(&name(256)), Reason::NameTooLong);
        assert_eq!(
            refused(&format!("/v0/files/d{}", "/xxx".repeat(1025))),
            Reason::NameTooLong
        );
    }

    #[test]
    fn a_path_in_an_archive_may_say_that_it_is_a_folder() {
        for text in ["./", ".", ""] {
            assert_eq!(Address::in_archive(text.as_bytes()).unwrap(), b"");
        }
        assert_eq!(Address::in_archive(b"./a/b/").unwrap(), b"a/b");
        for text in ["/etc", "a/../b", "..", "a//b", "./../x", "/"] {
            let refused = Address::in_archive(text.as_bytes());
            assert!(text == "/" || refused.is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_that_are_a_name_pass(name in proptest::collection::vec(1_u8.., 1..255)) {
            prop_assume!(!name.contains(&b'/') && !matches!(&name[..], b"." | b".."));
            let text = format!("/v0/files/d/{}", encode(&name));
            prop_assert_eq!(path(&text), name);
        }

        #[test]
        fn any_text_is_a_harmless_path_or_refused(text in "[a./%20-9A-F\\\\\u{e9}]{0,40}|\\PC*") {
            if let Ok(Some(address)) = Address::parse(&format!("/v0/files/d/{text}")) {
                let harmless = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
                let mut names = address.path.split(|byte| *byte == b'/');
                let all_are = address.path.is_empty() || names.all(harmless);
                prop_assert!(all_are);
            }
        }

        #[test]
        fn any_path_in_an_archive_is_harmless_or_refused(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(path) = Address::in_archive(&text) {
                let harmless = |name: &[u8]| !matches!(name, b"" | b"." | b"..");
                let all_are = path.is_empty() || path.split(|byte| *byte == b'/').all(harmless);
                prop_assert!(all_are);
            }
        }
    }
}
