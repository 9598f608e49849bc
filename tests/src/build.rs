//! Builds the program under test and its plugins, in the profile of the running test.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::repository;

/// What one build made.
#[derive(Debug, Default, Clone)]
pub struct Artifacts {
    /// Programs by their target's name.
    pub programs: BTreeMap<String, PathBuf>,
    /// Loadable libraries by their package's name.
    pub libraries: BTreeMap<String, PathBuf>,
}

/// The built `gaxx-mon`, built-in plugins linked in.
#[track_caller]
pub fn binary() -> PathBuf {
    kept("gaxx-mon")
}

/// The built `gaxx-mon` with no plugin linked in.
#[track_caller]
pub fn bare_binary() -> PathBuf {
    kept("gaxx-mon-bare")
}

/// The library of a workspace package, such as `gaxx-system`.
#[track_caller]
pub fn cdylib(package: &str) -> PathBuf {
    let found = workspace().libraries.get(package).cloned();
    found.unwrap_or_else(|| panic!("package {package} makes no cdylib in this workspace"))
}

/// The library of a package outside the workspace; see [`standalone`].
#[track_caller]
pub fn standalone_cdylib(manifest: &Path, variant: &str, config: &[&str]) -> PathBuf {
    let mut libraries = standalone(manifest, variant, config)
        .libraries
        .into_values();
    match (libraries.next(), libraries.next()) {
        (Some(library), None) => library,
        _ => panic!("{} should make one cdylib", manifest.display()),
    }
}

/// A package or workspace outside this one, built into a target folder of its own.
///
/// `config` are values as `cargo --config` takes them, for instance `profile.dev.panic="abort"`.
/// Each set of them needs its own `variant`, which names the folder.
#[track_caller]
pub fn standalone(manifest: &Path, variant: &str, config: &[&str]) -> Artifacts {
    let target = target_folder().join("standalone").join(variant);
    let _lock = lock(&format!("standalone-{variant}"));
    let mut arguments = vec!["build".into(), "--manifest-path".into(), manifest.into()];
    arguments.extend(["--target-dir".into(), target.into_os_string()]);
    for value in config {
        arguments.extend(["--config".into(), value.into()]);
    }
    cargo(&arguments)
}

/// The folder that cargo builds into.
pub fn target_folder() -> PathBuf {
    profile_folder()
        .parent()
        .map(Path::to_path_buf)
        .expect("a profile is a folder of the target")
}

/// `target/debug` or its like. A test runs as `target/debug/deps/NAME-HASH`, a program as
/// `target/debug/NAME`.
fn profile_folder() -> PathBuf {
    let program = std::env::current_exe().expect("a running program knows its own path");
    let folder = program.parent().filter(|folder| !folder.ends_with("deps"));
    let folder = folder.or_else(|| program.ancestors().nth(2));
    folder
        .map(Path::to_path_buf)
        .expect("what cargo builds lies in a profile's folder")
}

/// The whole workspace, built once in each test process. All of it, because cargo unites the
/// features of what it builds together: package by package it would compile the same
/// dependencies twice.
fn workspace() -> &'static Artifacts {
    static BUILT: OnceLock<Artifacts> = OnceLock::new();
    BUILT.get_or_init(|| {
        let _lock = lock("workspace");
        let built = cargo(&workspace_build(&[]));
        keep(&built, "gaxx-mon");
        built
    })
}

/// A program's own copy: cargo replaces its file when it builds the other variant.
fn kept(name: &'static str) -> PathBuf {
    static BARE: OnceLock<()> = OnceLock::new();
    workspace();
    if name == "gaxx-mon-bare" {
        BARE.get_or_init(|| {
            let _lock = lock("workspace");
            let bare = ["--no-default-features", "--bin", "gaxx-mon"].map(Into::into);
            keep(&cargo(&workspace_build(&bare)), name);
            cargo(&workspace_build(&["--bin".into(), "gaxx-mon".into()]));
        });
    }
    kept_folder().join(name)
}

fn kept_folder() -> PathBuf {
    profile_folder().join("outside-tests")
}

fn keep(built: &Artifacts, name: &str) {
    let program = built
        .programs
        .get("gaxx-mon")
        .expect("the workspace has the program gaxx-mon");
    let folder = kept_folder();
    let fresh = folder.join(format!("{name}.{}", std::process::id()));
    // A link, not a copy: a descriptor open for writing, inherited by a child that another
    // thread is starting, would make the program "busy".
    let linked = fs::create_dir_all(&folder)
        .and_then(|()| fs::hard_link(program, &fresh))
        .and_then(|()| fs::rename(&fresh, folder.join(name)));
    // Renaming a link onto another of the same file leaves both.
    let _ = fs::remove_file(&fresh);
    linked.unwrap_or_else(|error| panic!("cannot keep {}: {error}", program.display()));
}

fn workspace_build(more: &[std::ffi::OsString]) -> Vec<std::ffi::OsString> {
    let folder = profile_folder();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev",
        Some(other) => other,
    };
    let mut arguments: Vec<_> = ["build", "--workspace", "--profile", profile, "--target-dir"]
        .map(Into::into)
        .into();
    arguments.push(target_folder().into_os_string());
    arguments.extend_from_slice(more);
    arguments
}

/// Held while cargo builds and its results are taken, by one test process at a time.
fn lock(name: &str) -> File {
    let path = target_folder().join(format!(".outside-tests-{name}.lock"));
    let file = File::create(&path)
        .unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
    file.lock()
        .unwrap_or_else(|error| panic!("cannot lock {}: {error}", path.display()));
    file
}

#[track_caller]
fn cargo(arguments: &[std::ffi::OsString]) -> Artifacts {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", "--message-format=json-render-diagnostics"])
        .current_dir(repository())
        .output()
        .unwrap_or_else(|error| panic!("cargo does not start: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo {arguments:?} failed:\n{said}"
    );
    let mut built = Artifacts::default();
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<Value>(line) else {
            continue;
        };
        note(&message, &mut built);
    }
    built
}

/// Takes the programs and libraries that a `compiler-artifact` message names.
fn note(message: &Value, built: &mut Artifacts) {
    if message["reason"] != "compiler-artifact" {
        return;
    }
    let target = &message["target"];
    let (Some(name), Some(manifest)) = (target["name"].as_str(), message["manifest_path"].as_str())
    else {
        return;
    };
    if let Some(program) = message["executable"].as_str() {
        built.programs.insert(name.to_owned(), program.into());
    }
    let kinds = target["kind"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let files = message["filenames"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let library = files.iter().filter_map(Value::as_str).find(|file| {
        Path::new(file)
            .extension()
            .is_some_and(|extension| extension == "so")
    });
    // A procedural macro is a .so too, but no plugin.
    if let Some(library) = library.filter(|_| kinds.iter().any(|kind| kind == "cdylib")) {
        let package = package_name(message["package_id"].as_str().unwrap_or_default(), manifest);
        built.libraries.insert(package, library.into());
    }
}

/// The package's name in an id such as `path+file:///x/plugins/system#gaxx-system@0.1.0`, or
/// `path+file:///x/gaxx-system#0.1.0` where the folder bears the name.
fn package_name(id: &str, manifest: &str) -> String {
    let fragment = id.rsplit_once('#').map_or("", |(_, fragment)| fragment);
    match fragment.split_once('@') {
        Some((name, _)) => name.to_owned(),
        None => Path::new(manifest)
            .parent()
            .and_then(Path::file_name)
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::package_name;

    #[test]
    fn names_come_from_the_id_or_the_folder() {
        let id = "path+file:///x/plugins/system#gaxx-system@0.1.0";
        assert_eq!(
            package_name(id, "/x/plugins/system/Cargo.toml"),
            "gaxx-system"
        );
        assert_eq!(
            package_name("path+file:///x/rogue#0.1.0", "/x/rogue/Cargo.toml"),
            "rogue"
        );
    }
}
