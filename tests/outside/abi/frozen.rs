//! What was built against a released ABI, and what was built against one that never was.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use gaxx_tests::{Artifacts, repository, standalone, standalone_cdylib, target_folder};

/// The frozen plugin, with a struct that has grown.
pub(super) static WIDER: LazyLock<PathBuf> = LazyLock::new(|| {
    changed(
        "wider",
        "metric.rs",
        "pub reserved: u32",
        "pub reserved: u64",
    )
});

/// The frozen plugin, with a trait that has lost a method.
pub(super) static FEWER: LazyLock<PathBuf> =
    LazyLock::new(|| changed("fewer", "host.rs", "fn retire(&self, slot: u32);", ""));

/// The library of the plugin that was built against ABI 1.0.
pub(super) fn plugin() -> PathBuf {
    built().libraries["gaxx-frozen"].clone()
}

/// The program of the host that was built against ABI 1.0.
pub(super) fn host() -> PathBuf {
    built().programs["gaxx-frozen-host"].clone()
}

/// The same plugin as of a release.
pub(super) fn optimised_plugin() -> PathBuf {
    let profile = [
        "profile.dev.opt-level=3",
        "profile.dev.debug-assertions=false",
        "profile.dev.overflow-checks=false",
        "profile.dev.strip=true",
    ];
    let manifest = folder().join("plugin/Cargo.toml");
    standalone_cdylib(&manifest, "frozen-optimised", &profile)
}

fn built() -> Artifacts {
    standalone(&folder().join("Cargo.toml"), "frozen", &[])
}

fn folder() -> PathBuf {
    repository().join("tests/frozen/abi-1.0")
}

/// The library of the frozen plugin, built against an ABI that differs in one place.
fn changed(name: &str, file: &str, from: &str, to: &str) -> PathBuf {
    let place = target_folder().join("standalone/changed").join(name);
    fs::create_dir_all(&place).unwrap();
    for part in ["Cargo.toml", "Cargo.lock", "abi", "plugin", "host"] {
        copy(&folder().join(part), &place.join(part));
    }
    let edit = |path: &str, from: &str, to: &str| {
        let path = place.join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text.matches(from).count(),
            1,
            "{from:?} in {}",
            path.display()
        );
        fs::write(&path, text.replace(from, to)).unwrap();
    };
    edit(&format!("abi/src/{file}"), from, to);
    // Names and versions of their own, so that they can be built where the others are, with what
    // they share.
    let package = format!("name = \"gaxx-{name}\"");
    let version = format!("version = \"1.0.0-{name}\"");
    edit("plugin/Cargo.toml", "name = \"gaxx-frozen\"", &package);
    edit("abi/Cargo.toml", "version = \"1.0.0\"", &version);
    edit("Cargo.lock", "name = \"gaxx-frozen\"", &package);
    let abi = "name = \"gaxx-abi\"\n";
    let with = |version: &str| format!("{abi}{version}");
    edit("Cargo.lock", &with("version = \"1.0.0\""), &with(&version));
    edit(
        "plugin/src/lib.rs",
        "= \"frozen\"",
        &format!("= \"{name}\""),
    );
    standalone_cdylib(&place.join("plugin/Cargo.toml"), "frozen", &[])
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
