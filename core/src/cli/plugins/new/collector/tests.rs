use gaxx_sdk::{json, testing};

use super::*;

const NAME: &str = "@name@";

/// The folder of this crate's sources.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

#[test]
fn files_are_counted() -> Result<()> {
    let settings = json!({ "folder": SOURCES, "ending": "s.rs" });
    let samples = testing::collector::<FolderFiles>(settings)?.collect()?;
    // This file, and none but it.
    assert_eq!(samples.value(FILES, &[]), Some(1.0));
    let size = include_str!("tests.rs").len() as f64;
    assert_eq!(samples.value(SIZE, &[]), Some(size));
    Ok(())
}

#[test]
fn a_missing_folder_is_named() -> Result<()> {
    let settings = json!({ "folder": "/does/not/exist" });
    let failed = testing::collector::<FolderFiles>(settings)?.collect();
    let error = failed.expect_err("there is no such folder");
    assert!(error.message().starts_with("/does/not/exist: "), "{error}");
    Ok(())
}

// Names, units, settings, deadlines, limits and leaks: what is expected of every plugin.
#[test]
fn it_complies() {
    testing::comply(NAME).assert();
}
