//! Where a new crate finds the SDK.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What the SDK's package is called.
const PACKAGE: &str = "gaxx-sdk";

/// Where the SDK is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sdk {
    /// Its folder, from the root.
    Folder(String),
    /// The address of a git repository that holds it.
    Repository(String),
}

/// Why the SDK was not found.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli::plugins) enum SdkError {
    /// The folder cannot be read.
    #[error("--sdk {}: {error}; give a checkout of gaxx-mon, or the sdk folder in it", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The folder holds something else.
    #[error(
        "--sdk {}: neither this folder nor the folder sdk in it is the package {PACKAGE}; give a \
         checkout of gaxx-mon, or the sdk folder in it",
        .0.display()
    )]
    NotThere(PathBuf),
    /// Cargo's manifest cannot hold it.
    #[error("--sdk {0:?}: Cargo.toml cannot hold such a text; use one without control characters")]
    Unwritable(PathBuf),
}

impl Sdk {
    /// Reads what follows `--sdk`: an address where it looks like one, else a folder.
    pub(super) fn read(given: &str) -> Result<Self, SdkError> {
        let sdk = if given.contains("://") || given.starts_with("git@") {
            Self::Repository(given.to_owned())
        } else {
            Self::Folder(folder(Path::new(given))?)
        };
        match &sdk {
            Self::Folder(text) | Self::Repository(text) if text.chars().any(char::is_control) => {
                Err(SdkError::Unwritable(given.into()))
            }
            _ => Ok(sdk),
        }
    }

    /// The dependency's value in a `Cargo.toml`.
    pub(super) fn dependency(&self) -> String {
        // Without control characters, a string of JSON is one of TOML.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Folder(path) => format!("{{ path = {} }}", quoted(path)),
            Self::Repository(address) => format!("{{ git = {} }}", quoted(address)),
        }
    }
}

fn folder(given: &Path) -> Result<String, SdkError> {
    let whole = fs::canonicalize(given);
    let whole = whole.map_err(|error| SdkError::Unreadable {
        path: given.to_owned(),
        error,
    })?;
    let candidates = [whole.clone(), whole.join("sdk")];
    let found = candidates.into_iter().find(|folder| is_sdk(folder));
    let found = found.ok_or_else(|| SdkError::NotThere(given.to_owned()))?;
    let text = found.into_os_string().into_string();
    text.map_err(|path| SdkError::Unwritable(path.into()))
}

/// Whether the package in this folder is the SDK.
fn is_sdk(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let name = format!("name = \"{PACKAGE}\"");
    manifest.lines().any(|line| line.trim() == name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn addresses_are_told_from_folders() {
        for address in [
            "https://example.org/gaxx-mon.git",
            "git@example.org:gaxx-mon",
            "file:///a",
        ] {
            let sdk = Sdk::read(address).unwrap();
            assert_eq!(sdk.dependency(), format!("{{ git = \"{address}\" }}"));
        }
    }

    #[test]
    fn the_folder_and_the_checkout_around_it_both_serve() {
        let checkout = tempfile::tempdir().unwrap();
        let sdk = checkout
            .path()
            .canonicalize()
            .unwrap()
            .join("sdk \"x\"")
            .join("sdk");
        fs::create_dir_all(&sdk).unwrap();
        fs::write(sdk.join("Cargo.toml"), "[package]\nname = \"gaxx-sdk\"\n").unwrap();
        let expected = Sdk::Folder(sdk.to_str().unwrap().to_owned());
        for given in [sdk.as_path(), sdk.parent().unwrap()] {
            assert_eq!(Sdk::read(given.to_str().unwrap()).unwrap(), expected);
        }
        assert!(
            expected.dependency().contains(r#"sdk \"x\"/sdk""#),
            "{expected:?}"
        );
    }

    #[test]
    fn what_is_not_the_sdk_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        for given in [path, "/does/not/exist", "https://example.org/\n"] {
            let error = Sdk::read(given).unwrap_err().to_string();
            assert!(error.starts_with("--sdk "), "{error}");
        }
    }
}
