//! Every plugin of the repository is examined: `gaxx_sdk::testing::comply` in its own tests.

use std::fs;
use std::path::Path;

use gaxx_tests::repository;

/// Rooms of plugins.
const ROOMS: [&str; 2] = ["plugins", "examples"];
/// The list of what is linked in, which is no plugin.
const LIST: &str = "plugins/builtins";

#[test]
fn every_plugin_is_examined_by_its_own_tests() {
    let mut plugins = 0;
    let mut unexamined = Vec::new();
    for room in ROOMS {
        for entry in fs::read_dir(repository().join(room)).unwrap() {
            let folder = entry.unwrap().path();
            if folder.ends_with(LIST) || !folder.join("Cargo.toml").exists() {
                continue;
            }
            plugins += 1;
            let mut text = String::new();
            read_all(&folder, &mut text);
            // What is declared is what is examined, under the same name.
            let declared = text
                .split_once("gaxx_sdk::plugin! {")
                .and_then(|(_, after)| after.split('"').nth(1))
                .unwrap_or_else(|| panic!("{} declares no plugin", folder.display()));
            if !text.contains(&format!("testing::comply(\"{declared}\")")) {
                unexamined.push(folder);
            }
        }
    }
    assert!(plugins > 5, "{plugins} plugins were found");
    assert!(unexamined.is_empty(), "{unexamined:#?}");
}

/// Appends the sources below a folder.
fn read_all(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
