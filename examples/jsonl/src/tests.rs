#![allow(clippy::unwrap_used)]

use gaxx_sdk::testing::{self, Measurements};

use super::*;

#[test]
fn each_batch_appends_a_line_for_each_sample() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let mut exporter = testing::exporter::<JsonLines>(json!({ "path": path })).unwrap();
    let measured = Measurements::default()
        .gauge("load", &[("host", "a\"b")], 0.5)
        .histogram("took_seconds", &[], &[1.0], &[2.0], 3.0, 4.5);
    exporter.export(&measured).unwrap();
    exporter.export(&measured).unwrap();
    exporter.flush().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    let load = json!({ "time": 1e9, "name": "load", "labels": { "host": "a\"b" }, "value": 0.5 });
    assert_eq!(lines[0], load);
    assert_eq!(lines[3]["value"], json!({ "count": 3.0, "sum": 4.5 }));
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/out.jsonl");
    let error = testing::exporter::<JsonLines>(json!({ "path": path })).unwrap_err();
    assert!(
        error.message().starts_with(path.to_str().unwrap()),
        "{error}"
    );
}

#[test]
fn a_full_disk_is_reported() {
    let mut exporter = testing::exporter::<JsonLines>(json!({ "path": "/dev/full" })).unwrap();
    let error = exporter
        .export(&Measurements::default().gauge("load", &[], 0.5))
        .unwrap_err();
    assert!(error.message().starts_with("/dev/full: "), "{error}");
}

#[test]
fn it_complies() {
    testing::comply("jsonl").assert();
}
