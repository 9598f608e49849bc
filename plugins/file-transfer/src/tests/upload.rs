//! Files on their way up.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use gaxx_sdk::{
    json,
    testing::{Conditions, Facility},
};

use super::{Rig, assert_refused, header, json_of, limits::wait_for};
use crate::digest::{Hasher, hex};

const ID: (&str, &str) = ("x-upload-id", "0123456789abcdef");

fn blake3(bytes: &[u8]) -> String {
    let mut hasher = Hasher::new(false);
    hasher.update(bytes);
    hex(&hasher.finish().blake3.unwrap())
}

#[test]
fn a_file_arrives_with_its_mode_time_and_digest() {
    let rig = Rig::new();
    let body = vec![7; 300_000];
    let digest = blake3(&body);
    let headers = [
        ("x-file-mode", "0776"),
        ("x-file-mtime", "1700000000.25"),
        ("x-content-blake3", digest.as_str()),
    ];
    let answer = rig.put("data/sub/a?parents&digest=sha256", &headers, &body);
    let told = json_of(&answer, 201);
    assert_eq!(
        (&told["size"], &told["blake3"]),
        (&json!(300_000), &json!(digest))
    );
    assert_eq!(
        (&told["mode"], &told["mtime"]),
        (&json!("0754"), &json!("1700000000.250000000"))
    );
    assert_eq!(told["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(header(&answer, "x-content-blake3"), digest);
    let file = fs::metadata(rig.path("sub/a")).unwrap();
    assert_eq!((file.mode() & 0o7777, file.mtime()), (0o754, 1_700_000_000));
    assert_eq!(fs::read(rig.path("sub/a")).unwrap(), body);
    assert!(rig.partials().is_empty());
    assert_eq!(
        json_of(&rig.put("data/sub/a", &[], b"new"), 200)["created"],
        false
    );
    let usual = fs::metadata(rig.path("sub/a"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(usual & 0o7777, 0o644);
    let done = rig.metric("gaxx_file_transfers_successful", &[]);
    assert!((done - 2.0).abs() < 0.1, "{done}");
}

#[test]
fn what_has_another_digest_is_not_published() {
    let rig = Rig::new();
    fs::write(rig.path("a"), "old").unwrap();
    let zeros = "0".repeat(64);
    for name in ["x-content-blake3", "x-content-sha256"] {
        for id in [&[][..], &[ID]] {
            let mut headers = vec![(name, zeros.as_str())];
            headers.extend(id);
            assert_refused(&rig.put("data/a", &headers, b"new"), 422, "digest");
        }
    }
    assert_eq!(fs::read(rig.path("a")).unwrap(), b"old");
    assert!(rig.partials().is_empty(), "{:?}", rig.partials());
}

#[test]
fn dangerous_modes_are_refused() {
    let rig = Rig::new();
    for mode in ["4755", "2755", "1777"] {
        assert_refused(
            &rig.put("data/a", &[("x-file-mode", mode)], b"x"),
            400,
            "mode",
        );
    }
    assert!(!rig.path("a").exists());
}

#[test]
fn an_upload_goes_on_where_it_ended() {
    let rig = Rig::new();
    let head = |rig: &Rig| rig.send("HEAD", "data/a", &[ID], b"");
    assert_eq!(head(&rig).status, 404);
    let digest = blake3(b"abcdefghij");
    let piece = |range: &str, body: &[u8]| {
        rig.put(
            "data/a",
            &[ID, ("content-range", range), ("x-content-blake3", &digest)],
            body,
        )
    };
    let first = piece("bytes 0-3/10", b"abcd");
    assert_eq!((first.status, header(&first, "upload-offset")), (202, "4"));
    assert!(!rig.path("a").exists());
    assert_eq!(header(&head(&rig), "upload-offset"), "4");
    // Another file with the same name of the upload is another upload.
    assert_eq!(rig.send("HEAD", "data/b", &[ID], b"").status, 404);
    let gap = piece("bytes 6-9/10", b"ghij");
    assert_refused(&gap, 409, "offset");
    assert_eq!(header(&gap, "upload-offset"), "4");
    // Cut off in its midst: what came stays.
    assert_refused(
        &rig.send(
            "PUT",
            "data/a",
            &[ID, ("content-range", "bytes 4-9/10")],
            b"ef",
        ),
        400,
        "interrupted",
    );
    assert_eq!(header(&head(&rig), "upload-offset"), "6");
    // A piece again, from before the end.
    assert_eq!(piece("bytes 5-9/10", b"fghij").status, 201);
    assert_eq!(fs::read(rig.path("a")).unwrap(), b"abcdefghij");
    assert_eq!(head(&rig).status, 404);
    assert!(rig.partials().is_empty());
}

#[test]
fn an_upload_can_be_given_up() {
    let rig = Rig::new();
    rig.put("data/a", &[ID, ("content-range", "bytes 0-3/10")], b"abcd");
    assert_eq!(rig.partials().len(), 1);
    assert_eq!(
        json_of(&rig.send("DELETE", "data/a", &[ID], b""), 200)["given_up"],
        4
    );
    assert!(rig.partials().is_empty());
    assert_refused(&rig.send("DELETE", "data/a", &[ID], b""), 404, "not_found");
}

#[test]
fn headers_that_do_not_fit_are_refused() {
    let rig = Rig::new();
    for headers in [
        &[("content-range", "bytes 0-0/1")][..],
        &[ID, ("content-range", "bytes 0-1/2")],
        &[ID, ("content-range", "bytes */2")],
        &[("x-upload-id", "short")],
        &[("x-file-mtime", "yesterday")],
        &[("content-encoding", "gzip")],
        &[("x-content-blake3", "abc")],
    ] {
        assert_refused(&rig.put("data/a", headers, b"x"), 400, "header");
    }
    assert_refused(&rig.put("data/a?unknown", &[], b"x"), 400, "query");
    assert_refused(
        &rig.send("PUT", "data/a", &[("content-length", "1")], b"xy"),
        400,
        "header",
    );
    assert!(!rig.path("a").exists() && rig.partials().is_empty());
}

#[test]
fn conditions_are_those_of_the_file_that_is_there() {
    let rig = Rig::new();
    let new = [("if-none-match", "*")];
    let tag = header(&rig.put("data/a", &new, b"1"), "etag").to_owned();
    assert_refused(&rig.put("data/a", &new, b"2"), 412, "precondition");
    let known = [("if-match", tag.as_str())];
    assert_eq!(rig.put("data/a", &known, b"3").status, 200);
    assert_refused(&rig.put("data/a", &known, b"4"), 412, "precondition");
    assert_refused(
        &rig.send("DELETE", "data/a", &known, b""),
        412,
        "precondition",
    );
    assert_eq!(fs::read(rig.path("a")).unwrap(), b"3");
}

#[test]
fn what_is_there_is_replaced_only_where_it_is_a_file() {
    let rig = Rig::new();
    fs::create_dir(rig.path("folder")).unwrap();
    std::os::unix::fs::symlink("nowhere", rig.path("link")).unwrap();
    assert_refused(&rig.put("data/folder", &[], b"x"), 409, "wrong_kind");
    assert_refused(&rig.put("data/link", &[], b"x"), 403, "link");
    assert_refused(&rig.put("data", &[], b"x"), 409, "wrong_kind");
    assert_refused(&rig.put("data/none/a", &[], b"x"), 404, "not_found");
    fs::write(rig.path("file"), "").unwrap();
    assert_refused(
        &rig.put("data/file/a?parents", &[], b"x"),
        409,
        "wrong_kind",
    );
}

#[test]
fn nothing_is_moved_that_the_audit_log_does_not_have() {
    let conditions = Conditions::default().refusing(Facility::Audit);
    let rig = Rig::under(conditions, &json!({}), &json!({}));
    fs::write(rig.path("a"), "old").unwrap();
    for answer in [
        rig.put("data/a", &[], b"new"),
        rig.put("data/f?folder", &[], b""),
        rig.get("data/a"),
        rig.get("data"),
        rig.get("data/a?stat"),
        rig.send("DELETE", "data/a", &[], b""),
    ] {
        assert_refused(&answer, 503, "audit");
    }
    assert_eq!(fs::read(rig.path("a")).unwrap(), b"old");
    assert!(!rig.path("f").exists() && rig.partials().is_empty());
}

#[test]
fn the_audit_log_has_start_end_and_refusals() {
    let rig = Rig::new();
    rig.put("data/a", &[], b"new");
    rig.get("data/a");
    // The end of a reading is recorded behind the answer.
    wait_for("the record", || rig.audited().len() == 4);
    rig.get("data/none");
    rig.send("DELETE", "data/a", &[], b"");
    let records = rig.audited();
    let events: Vec<_> = records
        .iter()
        .map(|record| record["event"].as_str().unwrap())
        .collect();
    let expected = [
        "file.put.start",
        "file.put.end",
        "file.get.start",
        "file.get.end",
        "file.get.refused",
        "file.delete.start",
        "file.delete.end",
    ];
    assert_eq!(events, expected);
    assert_eq!(records[0]["id"], records[1]["id"]);
    assert_eq!(records[1]["blake3"], blake3(b"new"));
    assert_eq!(
        (&records[1]["outcome"], &records[1]["bytes"]),
        (&json!("done"), &json!(3))
    );
    assert_eq!(
        (&records[0]["root"], &records[0]["path"]),
        (&json!("data"), &json!("a"))
    );
    assert_eq!(records[4]["reason"], "not_found");
    assert_eq!(records[0]["from"], "127.0.0.1:40000");
}
