//! Quotas, space, and what is swept.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    time::{Duration, Instant, SystemTime},
};

use gaxx_sdk::json;
use rustix::fs::{FallocateFlags, fallocate};

use super::{Rig, assert_refused, json_of};

/// Tries again while the root is being counted.
pub(super) fn counted(rig: &Rig) {
    let roots = || rig.endpoint.send("GET", 0, "/v0/files", b"").unwrap();
    wait_for("the count", || {
        !json_of(&roots(), 200)["roots"][0]["used"].is_null()
    });
}

#[track_caller]
pub(super) fn wait_for(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < until, "waiting for {what}");
        std::thread::yield_now();
    }
}

pub(super) fn used(rig: &Rig) -> u64 {
    let told = json_of(&rig.endpoint.send("GET", 0, "/v0/files", b"").unwrap(), 200);
    told["roots"][0]["used"].as_u64().unwrap()
}

#[test]
fn a_quota_holds_for_all_files_together() {
    let rig = Rig::with(&json!({ "quota": 1000 }), &json!({}));
    counted(&rig);
    assert_eq!(rig.put("data/a", &[], &[1; 600]).status, 201);
    assert_refused(&rig.put("data/b", &[], &[1; 401]), 413, "quota");
    // Without a length it shows as it comes.
    assert_refused(&rig.send("PUT", "data/b", &[], &[1; 401]), 413, "quota");
    assert_eq!((used(&rig), rig.partials().len()), (600, 0));
    assert_eq!(rig.put("data/b", &[], &[1; 400]).status, 201);
    assert_eq!(rig.send("DELETE", "data/a", &[], b"").status, 200);
    assert_eq!(used(&rig), 400);
    assert_eq!(rig.put("data/b", &[], &[1; 100]).status, 200);
    assert_eq!(used(&rig), 100);
    let piece = [
        ("x-upload-id", "0123456789abcdef"),
        ("content-range", "bytes 0-499/700"),
    ];
    assert_eq!(rig.put("data/c", &piece, &[1; 500]).status, 202);
    assert_eq!(used(&rig), 600);
    assert_refused(&rig.put("data/d", &[], &[1; 401]), 413, "quota");
    let rest = [
        ("x-upload-id", "0123456789abcdef"),
        ("content-range", "bytes 500-699/700"),
    ];
    assert_eq!(rig.put("data/c", &rest, &[1; 200]).status, 201);
    assert_eq!(used(&rig), 800);
}

#[test]
fn an_upload_that_breaks_off_keeps_no_more_than_came() {
    let rig = Rig::with(&json!({ "quota": "64MiB" }), &json!({}));
    counted(&rig);
    let large = [
        ("x-upload-id", "0123456789abcdef"),
        ("content-range", "bytes 0-33554431/33554432"),
    ];
    let broken = rig.send("PUT", "data/a", &large, b"some");
    assert_refused(&broken, 400, "interrupted");
    let [left] = &*rig.partials() else {
        panic!("{:?}", rig.partials())
    };
    let left = fs::metadata(left).unwrap();
    assert_eq!(left.len(), 4);
    assert!(left.blocks() * 512 < 1 << 20, "{} blocks", left.blocks());
}

#[test]
fn what_a_crash_has_left_set_aside_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let hidden = folder.path().join(".gaxx-partial");
    fs::create_dir(&hidden).unwrap();
    fs::set_permissions(&hidden, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let file = fs::File::create(hidden.join("resume-1")).unwrap();
    if fallocate(&file, FallocateFlags::KEEP_SIZE, 0, 8 << 20).is_err() {
        return; // Not every filesystem can, and then there is nothing to count.
    }
    let data = json!({ "path": folder.path(), "quota": "64MiB" });
    let rig = Rig::with(&data, &json!({}));
    counted(&rig);
    assert!(used(&rig) >= 8 << 20, "{}", used(&rig));
}

#[test]
fn files_and_free_space_have_limits() {
    let rig = Rig::with(&json!({ "max_file": 100 }), &json!({}));
    assert_refused(&rig.put("data/a", &[], &[1; 101]), 413, "too_large");
    assert_refused(&rig.send("PUT", "data/a", &[], &[1; 101]), 413, "too_large");
    assert_eq!(rig.put("data/a", &[], &[1; 100]).status, 201);
    let full = Rig::with(&json!({}), &json!({ "min_free": "1000000TiB" }));
    assert_refused(&full.put("data/a", &[], b"x"), 507, "space");
    assert!(full.partials().is_empty());
}

#[test]
fn old_partials_and_leftovers_are_swept_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let hidden = folder.path().join(".gaxx-partial");
    fs::create_dir_all(hidden.join("tree-1/content/deep")).unwrap();
    fs::write(hidden.join("tree-1/content/deep/a"), "x").unwrap();
    std::os::unix::fs::chown(&hidden, None, None).unwrap();
    fs::set_permissions(&hidden, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    for name in ["once-1", "resume-old", "resume-new"] {
        fs::write(hidden.join(name), "partial").unwrap();
    }
    let old = fs::File::options()
        .write(true)
        .open(hidden.join("resume-old"))
        .unwrap();
    old.set_modified(SystemTime::now() - Duration::from_hours(25))
        .unwrap();
    let settings = json!({ "roots": { "data": { "path": folder.path(), "write": true } } });
    let endpoint = gaxx_sdk::testing::endpoint::<crate::files::Files>(settings).unwrap();
    let swept = || {
        endpoint
            .samples()
            .value("gaxx_file_transfer_partials_swept_total", &[])
    };
    let until = Instant::now() + Duration::from_secs(10);
    while swept().unwrap() < 3.0 {
        assert!(Instant::now() < until, "nothing is swept");
        std::thread::yield_now();
    }
    let left: Vec<_> = fs::read_dir(&hidden)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["resume-new"]);
}
