//! `plugins build`: the library of a crate, built and checked.

use std::{
    env,
    ffi::OsString,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use serde_json::Value;

use super::{
    inspect::{self, Row},
    verify::shown,
};
use crate::{
    cli::{arguments::RowFormat, style},
    config::Config,
    loader::{Examination, LoadError, Refusal, Trust},
};

/// Why there is no library.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    /// There is no crate.
    #[error("{} cannot be read: {error}; name the folder of a crate, or go there", path.display())]
    NoCrate {
        /// The manifest that was looked for.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Cargo cannot be run.
    #[error("{cargo:?} does not start: {error}; install Rust, see https://rustup.rs, or set CARGO")]
    NoCargo {
        /// The program.
        cargo: OsString,
        /// What the system said.
        error: io::Error,
    },
    /// Cargo has said why.
    #[error("cargo build failed ({0}); mend what it says above")]
    Failed(ExitStatus),
    /// What was built can be linked, not loaded.
    #[error(
        "{} makes no library that can be loaded; set crate-type = [\"cdylib\", \"rlib\"] under [lib]",
        .0.display()
    )]
    NoLibrary(PathBuf),
    /// What was built is no plugin, as far as one can see.
    #[error("{}: it says nothing of itself; declare the plugin once in it, with gaxx_sdk::plugin!", .0.display())]
    NoPlugin(PathBuf),
    /// It would not be loaded.
    #[error(transparent)]
    Refused(#[from] LoadError),
}

/// Builds the crate in this folder for release, and says what came of it.
pub(super) fn run(folder: &Path, format: RowFormat) -> Result<(), BuildError> {
    let path = folder.join("Cargo.toml");
    let manifest = path.canonicalize();
    let manifest = manifest.map_err(|error| BuildError::NoCrate { path, error })?;
    let file = build(&manifest)?;
    let max_size = Config::default().limits.max_library_size.bytes();
    // Whom to trust is the business of who installs it.
    let library = Examination::of(&file, max_size, &Trust::default());
    match library.verdict() {
        Ok(described) => {
            inspect::say(&[Row::of(&file, described, None)], format);
            if format == RowFormat::Text {
                let next = format!("gaxx-mon plugins install {}", shown(&file));
                style::say(&format!("\nNext: {next} --to FOLDER\n"));
            }
            Ok(())
        }
        Err(error) if matches!(error.refusal, Refusal::NoNote) => Err(BuildError::NoPlugin(file)),
        Err(error) => Err(error.into()),
    }
}

/// Runs cargo, which shows what it does, and gives the library that it made of this package.
fn build(manifest: &Path) -> Result<PathBuf, BuildError> {
    // Cargo sets it for those that it runs, so that they use the same.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let failed = |error| BuildError::NoCargo {
        cargo: cargo.clone(),
        error,
    };
    // Cargo looks for its configuration where it is run, not where the manifest is.
    let folder = manifest.parent().unwrap_or(Path::new("/"));
    let mut child = Command::new(&cargo)
        .current_dir(folder)
        .args([
            "build",
            "--release",
            "--message-format=json-render-diagnostics",
        ])
        .arg("--manifest-path")
        .arg(manifest)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let messages = child.stdout.take().into_iter();
    let lines = messages.flat_map(|output| BufReader::new(output).lines());
    // A line that cannot be read ends the output; the status tells whether all went well.
    let library = lines
        .map_while(Result::ok)
        .filter_map(|line| library(&line, manifest))
        .last();
    let status = child.wait().map_err(failed)?;
    if !status.success() {
        return Err(BuildError::Failed(status));
    }
    library.ok_or_else(|| BuildError::NoLibrary(manifest.to_owned()))
}

/// The loadable library that a message of cargo says was made of this package.
fn library(message: &str, manifest: &Path) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_ours = message["reason"] == "compiler-artifact"
        && message["manifest_path"].as_str().map(Path::new) == Some(manifest);
    let kinds = message["target"]["kind"].as_array()?;
    // A procedural macro is a .so too, but no plugin.
    let is_loadable = kinds.iter().any(|kind| kind == "cdylib");
    let files = message["filenames"].as_array()?.iter();
    let mut files = files.filter_map(Value::as_str).map(Path::new);
    let file = files.find(|file| file.extension().is_some_and(|it| it == "so"))?;
    (is_ours && is_loadable).then(|| file.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_library_of_the_package_is_found_among_cargos_messages() {
        let manifest = Path::new("/a/Cargo.toml");
        let artifact = json!({
            "reason": "compiler-artifact",
            "manifest_path": "/a/Cargo.toml",
            "target": { "kind": ["rlib", "cdylib"] },
            "filenames": ["/t/liba.rlib", "/t/liba.so"],
        });
        let found = |message: &Value| library(&message.to_string(), manifest);
        assert_eq!(found(&artifact), Some("/t/liba.so".into()));
        for (key, other) in [
            ("reason", json!("build-finished")),
            ("manifest_path", json!("/b/Cargo.toml")),
            ("target", json!({ "kind": ["proc-macro"] })),
            ("target", json!({})),
            ("filenames", json!(["/t/liba.rlib"])),
            ("filenames", json!(7)),
        ] {
            let mut changed = artifact.clone();
            changed[key] = other;
            assert_eq!(found(&changed), None, "{changed}");
        }
        assert_eq!(library("no JSON", manifest), None);
    }
}
