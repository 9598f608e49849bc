#![allow(clippy::unwrap_used)]

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    time::{Duration, SystemTime},
};

use gaxx_sdk::{
    json,
    testing::{CollectorTest, collector},
};
use tempfile::TempDir;

use super::*;

fn textfile(folder: &Path, more: &[&str]) -> CollectorTest {
    let folders: Vec<&str> = [folder.to_str().unwrap()]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    let settings = json!({ "textfile": { "folders": folders, "max_size": "1kB" } });
    collector::<Textfile>(settings).unwrap()
}

fn complaints(test: &CollectorTest) -> Vec<String> {
    test.log().into_iter().map(|line| line.message).collect()
}

#[test]
fn files_are_shown_as_one() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "a.prom",
        "jobs{of=\"a\"} 1\n# TYPE runs_total counter\nruns_total 5\n",
    );
    write(
        "b.prom",
        "jobs{of=\"b\",at=\"x\"} 2\njobs{of=\"a\"} 9\nruns_total 6\n",
    );
    write("c.txt", "other 1\n");
    write("d.prom.tmp", "half");
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
    let file = fs::File::options()
        .write(true)
        .open(folder.path().join("a.prom"))
        .unwrap();
    file.set_modified(at).unwrap();

    let mut test = textfile(folder.path(), &[]);
    let samples = test.collect().unwrap();
    assert_eq!(samples.value("jobs", &[("of", "a"), ("at", "")]), Some(1.0));
    assert_eq!(
        samples.value("jobs", &[("of", "b"), ("at", "x")]),
        Some(2.0)
    );
    assert_eq!(samples.value("runs_total", &[]), Some(5.0));
    assert_eq!(samples.value("other", &[]), None);
    assert_eq!(samples.value("node_textfile_scrape_error", &[]), Some(0.0));
    assert_eq!(
        samples.value("exec_textfile_series_left_out", &[]),
        Some(2.0)
    );
    let path = folder.path().join("a.prom");
    let labels = [("file", path.to_str().unwrap())];
    assert_eq!(
        samples.value("node_textfile_mtime_seconds", &labels),
        Some(1_700_000_000.25)
    );
    assert_eq!(samples.findings(), Vec::<String>::new());

    fs::remove_file(&path).unwrap();
    let samples = test.collect().unwrap();
    assert_eq!(samples.value("jobs", &[("of", "a")]), Some(9.0));
    assert_eq!(samples.value("node_textfile_mtime_seconds", &labels), None);
}

#[test]
fn bad_files_are_passed_over_and_told_once() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("good.prom"), "good 1\n").unwrap();
    fs::write(path("cut.prom"), "cut 1").unwrap();
    fs::write(path("old.prom"), "old 1 1395066363000\n").unwrap();
    fs::write(path("large.prom"), "# x\n".repeat(251)).unwrap();
    fs::write(path("secret"), "password hunter2\n").unwrap();
    fs::create_dir(path("folder.prom")).unwrap();
    symlink(path("secret"), path("link.prom")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path("pipe.prom").as_os_str().as_bytes(),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let mut test = textfile(folder.path(), &["/no/such/folder"]);
    let samples = test.collect().unwrap();
    assert_eq!(samples.value("good", &[]), Some(1.0));
    assert_eq!(samples.value("node_textfile_scrape_error", &[]), Some(1.0));
    assert_eq!(samples.value("exec_textfile_files_refused", &[]), Some(7.0));
    let log = complaints(&test);
    for (name, part) in [
        ("cut.prom", "line 1: it ends in the middle of a line"),
        ("old.prom", "line 1: a sample has a timestamp"),
        ("large.prom", "larger than 1kB"),
        ("folder.prom", "not a regular file"),
        ("link.prom", "symbolic link"),
        ("pipe.prom", "not a regular file"),
        ("/no/such/folder", "No such file"),
    ] {
        let found = log
            .iter()
            .any(|line| line.contains(name) && line.contains(part));
        assert!(found, "{name}: {log:#?}");
    }
    assert_eq!(log.len(), 7);
    test.collect().unwrap();
    assert_eq!(complaints(&test).len(), 7);
    assert!(!complaints(&test).concat().contains("hunter2"));
}

#[test]
fn a_relative_folder_is_refused() {
    let error = collector::<Textfile>(json!({ "textfile": { "folders": ["here"] } }));
    let error = error.err().unwrap();
    assert!(
        error.message().contains("textfile.folders has here"),
        "{error}"
    );
}
