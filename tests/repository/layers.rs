//! Who may import whom, read from the manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use gaxx_tests::repository;
use serde_json::Value;

use crate::tracked;

/// Crates that a plugin has no business with: the server's, and registries of metrics.
const CORES_OWN: [&str; 5] = [
    "hyper",
    "metrics",
    "prometheus",
    "prometheus-client",
    "warp",
];

/// Who needs one of them nevertheless: gRPC's client is that of HTTP/2, which serves nobody.
const CLIENTS: [(&str, &str); 1] = [("gaxx-otlp", "hyper")];

struct Package {
    name: String,
    /// The folder below the root.
    folder: String,
    /// What it is built with: everything in the three tables of dependencies. The crates in
    /// `tests` may test with what they please, so theirs holds no development dependencies.
    imports: BTreeSet<String>,
    /// Those of them that are optional.
    optional: BTreeSet<String>,
}

impl Package {
    fn is_plugin(&self) -> bool {
        let plugins = ["plugins/", "examples/"]
            .iter()
            .any(|room| self.folder.starts_with(room));
        plugins && self.name != "gaxx-builtins"
    }
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let root = metadata["workspace_root"].as_str().unwrap();
    let package = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap();
        let names = |wanted: fn(&Value) -> bool| {
            let wanted = dependencies.iter().filter(|dependency| wanted(dependency));
            wanted
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let manifest = package["manifest_path"].as_str().unwrap();
        let folder = manifest.strip_prefix(root).unwrap().trim_start_matches('/');
        let folder = folder.trim_end_matches("/Cargo.toml").to_owned();
        let imports = if folder.split('/').next() == Some("tests") {
            names(|dependency| dependency["kind"] != "dev")
        } else {
            names(|_| true)
        };
        Package {
            name: package["name"].as_str().unwrap().to_owned(),
            folder,
            imports,
            optional: names(|dependency| dependency["optional"] == true),
        }
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(package)
        .collect()
}

#[test]
fn every_package_imports_only_what_its_layer_may() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let plugins: Vec<&str> = packages
        .iter()
        .filter(|package| package.is_plugin())
        .map(|package| package.name.as_str())
        .collect();
    assert!(!plugins.is_empty());
    let mut wrong = Vec::new();
    for package in &packages {
        let allowed = match package.name.as_str() {
            "gaxx-abi" | "gaxx-macros" | "gaxx-tests" => vec![],
            "gaxx-sdk" => vec!["gaxx-abi", "gaxx-macros"],
            "gaxx-builtins" => [plugins.as_slice(), &["gaxx-sdk"]].concat(),
            "gaxx-mon" => vec!["gaxx-abi", "gaxx-builtins", "gaxx-sdk"],
            // Rogue plugins of the tests may reach below the SDK: that is their trade. Programs that
            // drive the built one use the tests' rig.
            _ if package.folder.starts_with("tests/") => {
                vec!["gaxx-abi", "gaxx-sdk", "gaxx-tests"]
            }
            _ if package.is_plugin() => vec!["gaxx-sdk"],
            other => panic!("{other} in {} belongs to no layer", package.folder),
        };
        let imports = package.imports.iter().map(String::as_str);
        for import in imports {
            let is_client = CLIENTS.contains(&(package.name.as_str(), import));
            let foreign = package.is_plugin() && CORES_OWN.contains(&import) && !is_client;
            if foreign || (ours.contains(import) && !allowed.contains(&import)) {
                wrong.push(format!("{} imports {import}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_core_can_do_without_its_built_ins() {
    let packages = packages();
    let core = packages
        .iter()
        .find(|package| package.name == "gaxx-mon")
        .unwrap();
    assert!(
        core.optional.contains("gaxx-builtins"),
        "gaxx-builtins must be optional"
    );
}

/// Whether the name stands there for itself: `gaxx_exec_runs` is a metric, and no crate.
fn has_word(text: &str, name: &str) -> bool {
    let joins = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(joins) && !after.starts_with(joins)
    })
}

/// Adding a plugin touches no file of the core, so none of its files knows one. Commands of the
/// command line are clients, and may know what they call.
#[test]
fn the_core_knows_no_plugin_by_name() {
    let packages = packages();
    let names: BTreeMap<String, String> = packages
        .iter()
        .filter(|package| package.is_plugin())
        .map(|package| (package.name.clone(), package.name.replace('-', "_")))
        .collect();
    let mut wrong = Vec::new();
    for file in tracked::files() {
        let core = file.path.starts_with("core/") && !file.path.starts_with("core/src/cli/");
        let Some(text) = file.text().filter(|_| core) else {
            continue;
        };
        let known = names
            .iter()
            .filter(|(name, module)| has_word(text, name) || has_word(text, module));
        wrong.extend(known.map(|(name, _)| format!("{} names {name}", file.path)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
