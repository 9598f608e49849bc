#![allow(clippy::unwrap_used)]

use std::{fs::File, time::SystemTime};

use gaxx_sdk::{json, testing};

use super::*;

#[test]
fn files_are_counted_and_the_newest_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for (name, size, time) in [("old", 10, 1_000), ("new", 5, 2_000)] {
        let file = File::create(folder.path().join(name)).unwrap();
        file.set_len(size).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(time))
            .unwrap();
    }
    fs::create_dir(folder.path().join("inside")).unwrap();
    let label = [("path", folder.path().to_str().unwrap())];
    let mut directory =
        testing::collector::<Directory>(json!({ "paths": [folder.path()] })).unwrap();
    let samples = directory.collect().unwrap();
    assert_eq!(samples.value("directory_files", &label), Some(2.0));
    assert_eq!(samples.value("directory_size_bytes", &label), Some(15.0));
    let newest = samples.value("directory_newest_timestamp_seconds", &label);
    assert_eq!(newest, Some(2_000.0));
    assert_eq!(samples.findings(), Vec::<String>::new());
}

#[test]
fn an_emptied_directory_has_no_newest_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.tar");
    fs::write(&file, "x").unwrap();
    let mut directory =
        testing::collector::<Directory>(json!({ "paths": [folder.path()] })).unwrap();
    assert_eq!(directory.collect().unwrap().iter().count(), 3);
    fs::remove_file(&file).unwrap();
    let samples = directory.collect().unwrap();
    assert_eq!(samples.names(), ["directory_files", "directory_size_bytes"]);
    assert_eq!(samples.value("directory_files", &[]), Some(0.0));
}

#[test]
fn a_missing_directory_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let mut directory = testing::collector::<Directory>(json!({ "paths": [missing] })).unwrap();
    let error = directory.collect().unwrap_err();
    assert!(
        error.message().starts_with(missing.to_str().unwrap()),
        "{error}"
    );
}

#[test]
fn it_complies() {
    let settings = json!({ "paths": [env!("CARGO_MANIFEST_DIR")] });
    testing::comply("directory")
        .settings("directory", settings)
        .assert();
}
