//! `plugins new`: a crate to begin a plugin with.

mod sdk;
mod template;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use gaxx_abi::{
    Component, Manifest,
    abi_std::{RString, RVec},
    manifest::kind::COLLECTOR,
};

use self::{
    sdk::{Sdk, SdkError},
    template::Template,
};
use crate::{
    cli::{arguments::New, style},
    loader::{manifest, text::is_name},
};

/// Names of crates that the compiler has a meaning for: the language's words, and crates that every
/// program has.
const MEANT_OTHERWISE: &str = "abstract alloc as async await become box break const continue crate do \
    dyn else enum extern false final fn for gen if impl in let loop macro match mod move mut override \
    priv proc-macro pub ref return self static std struct super test trait true try type typeof unsafe \
    unsized use virtual where while yield";

/// Why no crate was made.
#[derive(Debug, thiserror::Error)]
pub(super) enum NewError {
    /// It is not a name of plugins.
    #[error(
        "{0:?} is no name for a plugin: use lower-case words joined by dashes, at most 64 letters"
    )]
    Name(String),
    /// It is one, and stands for something else.
    #[error("a plugin cannot be called {name}: {reason}; choose another name")]
    Taken {
        /// The name.
        name: String,
        /// Who has it.
        reason: String,
    },
    /// Nobody said where the SDK is.
    #[error(
        "--sdk is missing: gaxx-sdk is not published yet, so the crate must be told where it is; give a \
         checkout of gaxx-mon, the sdk folder in it, or the address of a git repository, such as \
         --sdk ../gaxx-mon"
    )]
    NoSdk,
    /// The SDK is not there.
    #[error(transparent)]
    Sdk(#[from] SdkError),
    /// There is something already.
    #[error("{} is there already, and nothing in it was changed; choose another name, or another folder with --in", .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("{} cannot be written: {error}; choose another folder with --in", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Makes the crate, and says what to do with it.
pub(super) fn run(wanted: &New) -> Result<(), NewError> {
    let folder = make(wanted)?;
    let (shown, kind) = (folder.display(), Template::of(wanted.kind).kind);
    style::say(&format!(
        "Made {shown}: {kind}. Next:\n\n  cd {shown}\n  cargo test\n  gaxx-mon plugins build\n"
    ));
    Ok(())
}

/// Makes the crate, and gives its folder.
fn make(wanted: &New) -> Result<PathBuf, NewError> {
    check_name(&wanted.name)?;
    let sdk = Sdk::read(wanted.sdk.as_deref().ok_or(NewError::NoSdk)?)?;
    let folder = wanted.folder.join(&wanted.name);
    write(
        &folder,
        &Template::of(wanted.kind).files(&wanted.name, &sdk),
    )?;
    Ok(folder)
}

/// Judges a name as the loader will, and as the compiler will.
fn check_name(name: &str) -> Result<(), NewError> {
    if !is_name(name) {
        return Err(NewError::Name(name.to_owned()));
    }
    let taken = |reason| NewError::Taken {
        name: name.to_owned(),
        reason,
    };
    manifest::check(&bare_manifest(name)).map_err(taken)?;
    if name == "gaxx-sdk" || MEANT_OTHERWISE.split(' ').any(|word| word == name) {
        return Err(taken("it means something else to the compiler".to_owned()));
    }
    Ok(())
}

/// The least that a plugin of this name says of itself.
fn bare_manifest(name: &str) -> Manifest {
    let component = Component {
        kind: COLLECTOR,
        name: name.into(),
        description: RString::new(),
        settings: "{}".into(),
        interval: 0,
        routes: RVec::new(),
        attributes: RVec::new(),
    };
    Manifest {
        name: name.into(),
        version: RString::new(),
        description: RString::new(),
        components: vec![component].into(),
        attributes: RVec::new(),
    }
}

/// Writes files into a folder that is not there yet.
fn write(folder: &Path, files: &[(&str, String)]) -> Result<(), NewError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| NewError::Write { path, error }
    };
    fs::create_dir(folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => NewError::Exists(folder.to_owned()),
        _ => failed(folder)(error),
    })?;
    for inner in ["src", ".cargo"] {
        fs::create_dir(folder.join(inner)).map_err(failed(folder))?;
    }
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::cli::arguments::PluginKind;

    const KINDS: [PluginKind; 4] = [
        PluginKind::Collector,
        PluginKind::Check,
        PluginKind::Exporter,
        PluginKind::Endpoint,
    ];

    fn wanted(folder: &Path, kind: PluginKind, name: &str) -> New {
        New {
            kind,
            name: name.to_owned(),
            sdk: Some("https://example.org/gaxx-mon.git".to_owned()),
            folder: folder.to_owned(),
        }
    }

    fn texts(folder: &Path) -> Vec<String> {
        let files = [
            "Cargo.toml",
            ".cargo/config.toml",
            ".gitignore",
            "README.md",
            "src/lib.rs",
            "src/tests.rs",
        ];
        files
            .map(|name| fs::read_to_string(folder.join(name)).unwrap())
            .into()
    }

    #[test]
    fn every_mark_is_filled_in_and_every_constant_fits_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let longest = ["a".repeat(31), "b".repeat(32)].join("-");
        for kind in KINDS {
            for name in ["x", "folder-files", &longest] {
                let wanted = wanted(folder.path(), kind, name);
                let made = make(&wanted).unwrap();
                let texts = texts(&made);
                for text in &texts {
                    assert!(!text.contains('@'), "{text}");
                }
                let lines = texts[4..].iter().flat_map(|text| text.lines());
                // The formatter leaves comments as they are.
                for line in lines.filter(|line| !line.contains("//")) {
                    assert!(line.len() <= 100, "{line}");
                }
                assert!(texts[0].contains("git = \"https://example.org/gaxx-mon.git\""));
                assert!(texts[4].contains(&format!("name = \"{name}\";")));
                fs::remove_dir_all(made).unwrap();
            }
        }
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("mine");
        fs::write(&there, "precious").unwrap();
        let error = make(&wanted(folder.path(), PluginKind::Check, "mine")).unwrap_err();
        assert!(matches!(error, NewError::Exists(_)), "{error}");
        assert_eq!(fs::read_to_string(there).unwrap(), "precious");
    }

    #[test]
    fn each_refusal_names_the_thing_and_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        for (name, parts) in [
            ("My_Plugin", ["\"My_Plugin\"", "lower-case words"]),
            ("", ["\"\"", "lower-case words"]),
            ("../x", ["\"../x\"", "lower-case words"]),
            ("core", ["core", "taken by the program"]),
            ("trust", ["trust", "another name"]),
            ("fn", ["fn", "compiler"]),
            ("gaxx-sdk", ["gaxx-sdk", "compiler"]),
        ] {
            let error = make(&wanted(folder.path(), PluginKind::Check, name)).unwrap_err();
            let error = error.to_string();
            assert!(
                parts.iter().all(|part| error.contains(part)),
                "{name}: {error}"
            );
        }
        let mut homeless = wanted(&folder.path().join("missing"), PluginKind::Check, "a");
        let error = make(&homeless).unwrap_err().to_string();
        assert!(error.contains("missing/a cannot be written: "), "{error}");
        homeless.sdk = None;
        let error = make(&homeless).unwrap_err().to_string();
        assert!(error.contains("not published yet"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
