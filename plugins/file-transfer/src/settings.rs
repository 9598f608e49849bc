//! What the configuration may say.

use std::{collections::BTreeMap, path::PathBuf};

use gaxx_sdk::prelude::*;

/// Settings under `plugins.file-transfer` in config.yaml.
#[settings]
pub(crate) struct Settings {
    /// The folders beneath which files may be moved, each under the name that it has in the API.
    /// Without one nothing can be moved.
    #[default]
    pub(crate) roots: BTreeMap<String, RootSettings>,
    /// How many requests are at work at once; one more is answered 429.
    #[default(16)]
    pub(crate) transfers: usize,
    /// How long an interrupted upload can be resumed, from its last byte on. Then it is removed.
    #[default(Duration::from_hours(24))]
    pub(crate) partial_lifetime: Duration,
    /// The space that stays free on a filesystem: an upload that would leave less is refused.
    #[default(Size::mib(64))]
    pub(crate) min_free: Size,
    /// How many entries a folder may have that is uploaded as one tar stream.
    #[default(1_000_000)]
    pub(crate) max_entries: u64,
}

/// One folder beneath which files may be moved.
#[settings]
pub(crate) struct RootSettings {
    /// The folder; an absolute path.
    pub(crate) path: PathBuf,
    /// Whether files may be uploaded, and replaced by uploads.
    #[default(false)]
    pub(crate) write: bool,
    /// Whether files and folders may be deleted.
    #[default(false)]
    pub(crate) delete: bool,
    /// The bytes that files in it may have together, interrupted uploads included. Without it the
    /// filesystem is the limit.
    pub(crate) quota: Option<Size>,
    /// The bytes that one uploaded file may have. Without it there is no limit.
    pub(crate) max_file: Option<Size>,
    /// Whether symbolic links are followed that stay beneath the root, and may be uploaded in a tar
    /// stream. Those that lead out are refused in any case.
    #[default(false)]
    pub(crate) follow: bool,
    /// The permission bits that uploaded files do not get, as octal digits in quotes.
    #[default("022".into())]
    pub(crate) umask: String,
}

impl RootSettings {
    /// The umask as a number.
    pub(crate) fn umask(&self) -> Result<u32> {
        u32::from_str_radix(&self.umask, 8)
            .ok()
            .filter(|bits| *bits <= 0o777 && !self.umask.starts_with('+'))
            .ok_or_else(|| {
                Error::settings(format!("umask is {:?}", self.umask))
                    .remedy("write up to three octal digits in quotes, such as \"022\"")
            })
    }
}

/// Whether a root may have this name: letters, digits, `-`, `_` and `.`, 1 to 64, no dot in front.
pub(crate) fn is_root_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=64).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_of_roots_are_plain() {
        for name in ["data", "a", "v1.2_x-Y"] {
            assert!(is_root_name(name), "{name}");
        }
        for name in ["", ".", "..", ".a", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert!(!is_root_name(name), "{name}");
        }
    }

    #[test]
    fn an_umask_is_octal() {
        let root = |umask: &str| RootSettings {
            path: "/".into(),
            write: false,
            delete: false,
            quota: None,
            max_file: None,
            follow: false,
            umask: umask.to_owned(),
        };
        assert_eq!(root("022").umask().unwrap(), 0o22);
        assert_eq!(root("0").umask().unwrap(), 0);
        for wrong in ["", "8", "1777", "+22", "-1", "0o22"] {
            assert!(root(wrong).umask().is_err(), "{wrong}");
        }
    }
}
