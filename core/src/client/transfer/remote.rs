//! Where something is on a node.

use std::{ffi::OsStr, fmt, os::unix::ffi::OsStrExt, path::Path};

/// A path on a node: `ROOT/PATH`, beneath a root that the agent's configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    names: Vec<Vec<u8>>,
}

/// A text that is no path on a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no path on a node: {why}; write ROOT/PATH, where the agent's plugins.file-transfer.roots names ROOT"
)]
pub struct RemoteError {
    text: String,
    why: &'static str,
}

impl Remote {
    /// Reads `ROOT/PATH`. A slash in front or at the end, and doubled ones, do not count.
    pub fn parse(text: &OsStr) -> Result<Self, RemoteError> {
        let names = text.as_bytes().split(|byte| *byte == b'/');
        let names: Vec<Vec<u8>> = names
            .filter(|name| !name.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        let refused = |why| RemoteError {
            text: text.to_string_lossy().into_owned(),
            why,
        };
        if names.is_empty() {
            return Err(refused("it names no root"));
        }
        if names
            .iter()
            .any(|name| matches!(name.as_slice(), b"." | b".."))
        {
            return Err(refused("it has . or .. in it"));
        }
        Ok(Self { names })
    }

    /// Its last name, which a copy gets; none for a root.
    pub fn file_name(&self) -> Option<&OsStr> {
        self.names
            .get(1..)?
            .last()
            .map(|name| OsStr::from_bytes(name))
    }

    /// What is beneath it by this path.
    #[must_use]
    pub fn join(&self, path: &Path) -> Self {
        let more = path.iter().map(|name| name.as_bytes().to_vec());
        Self {
            names: self.names.iter().cloned().chain(more).collect(),
        }
    }

    /// Its path in the API.
    pub(super) fn url(&self) -> String {
        let mut url = "/v0/files".to_owned();
        for name in &self.names {
            url.push('/');
            for byte in name {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                        url.push(char::from(*byte));
                    }
                    byte => {
                        use fmt::Write;
                        write!(url, "%{byte:02X}").expect("a string takes all that is written");
                    }
                }
            }
        }
        url
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.names.join(&b'/')))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn remote(text: &str) -> Remote {
        Remote::parse(OsStr::new(text)).unwrap()
    }

    #[test]
    fn paths_are_encoded_name_by_name() {
        for (text, url, name) in [
            ("data", "/v0/files/data", None),
            ("/data/", "/v0/files/data", None),
            ("data//a b/ü%", "/v0/files/data/a%20b/%C3%BC%25", Some("ü%")),
            ("data/.x~", "/v0/files/data/.x~", Some(".x~")),
        ] {
            assert_eq!(remote(text).url(), url);
            assert_eq!(remote(text).file_name(), name.map(OsStr::new));
        }
        let below = remote("data/a").join(Path::new("b/c"));
        assert_eq!(
            (below.url().as_str(), below.to_string().as_str()),
            ("/v0/files/data/a/b/c", "data/a/b/c")
        );
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        for text in ["", "/", "data/..", "./data", "data/a/../b"] {
            assert!(Remote::parse(OsStr::new(text)).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_become_a_plain_url(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(remote) = Remote::parse(OsStr::from_bytes(&bytes)) {
                let url = remote.url();
                prop_assert!(url.parse::<http::Uri>().is_ok());
                prop_assert!(!url.contains("//") && !url.contains('?'));
            }
        }
    }
}
