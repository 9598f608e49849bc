//! What is not beneath the root cannot be reached.

use std::{fs, os::unix::fs::symlink};

use gaxx_sdk::json;

use super::{Rig, assert_refused, json_of, make_fifo};

#[test]
fn nothing_leads_out_of_the_root() {
    for follow in [false, true] {
        let rig = Rig::with(&json!({ "follow": follow }), &json!({}));
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        symlink(outside.path(), rig.path("away")).unwrap();
        symlink(outside.path().join("secret"), rig.path("file")).unwrap();
        symlink("../../etc", rig.path("up")).unwrap();
        symlink("/proc/self/root/etc", rig.path("magic")).unwrap();
        symlink("loop", rig.path("loop")).unwrap();
        for path in [
            "away/secret",
            "file",
            "up/passwd",
            "magic/passwd",
            "loop",
            "loop/a",
            "away",
        ] {
            for answer in [
                rig.get(&format!("data/{path}")),
                rig.put(&format!("data/{path}"), &[], b"x"),
                rig.put(&format!("data/{path}/new?parents"), &[], b"x"),
            ] {
                assert_eq!(answer.status / 100, 4, "{path}: {}", answer.text());
                assert!(!answer.text().contains("secret\""), "{}", answer.text());
            }
        }
        assert_eq!(
            fs::read_to_string(outside.path().join("secret")).unwrap(),
            "secret"
        );
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        assert!(rig.refused(if follow { "outside" } else { "link" }) > 0.0);
    }
}

#[test]
fn links_that_stay_inside_are_followed_where_that_is_allowed() {
    let make = |follow: bool| {
        let rig = Rig::with(&json!({ "follow": follow }), &json!({}));
        fs::create_dir(rig.path("real")).unwrap();
        fs::write(rig.path("real/a"), "A").unwrap();
        symlink("real", rig.path("link")).unwrap();
        rig
    };
    let rig = make(true);
    assert_eq!(rig.get("data/link/a").text(), "A");
    assert_eq!(rig.put("data/link/b", &[], b"B").status, 201);
    assert_eq!(fs::read(rig.path("real/b")).unwrap(), b"B");
    let rig = make(false);
    assert_refused(&rig.get("data/link/a"), 403, "link");
    assert_eq!(json_of(&rig.get("data/link?stat"), 200)["kind"], "link");
}

#[test]
fn no_link_leads_to_uploads_that_are_not_whole() {
    let rig = Rig::with(&json!({ "follow": true }), &json!({}));
    // Of a name that the sweeper leaves for now.
    let hidden = rig.path(".gaxx-partial/resume-1");
    fs::create_dir_all(&hidden).unwrap();
    fs::write(hidden.join("a"), "theirs").unwrap();
    symlink(".gaxx-partial", rig.path("l")).unwrap();
    symlink("l/resume-1", rig.path("deep")).unwrap();
    symlink("./l/resume-1/a", rig.path("file")).unwrap();
    for path in [
        "l",
        "l/resume-1",
        "l/resume-1/a",
        "deep",
        "deep/a",
        "file",
        "l?tar",
        "deep/a?stat",
    ] {
        assert_refused(&rig.get(&format!("data/{path}")), 403, "reserved");
    }
    for path in [
        "l/new",
        "deep/new",
        "deep/more/new?parents",
        "deep/new?folder",
    ] {
        assert_refused(
            &rig.put(&format!("data/{path}"), &[], b"x"),
            403,
            "reserved",
        );
    }
    for path in ["deep/a", "l/resume-1?recursive"] {
        let answer = rig.send("DELETE", &format!("data/{path}"), &[], b"");
        assert_refused(&answer, 403, "reserved");
    }
    assert_eq!(fs::read(hidden.join("a")).unwrap(), b"theirs");
    assert_eq!(fs::read_dir(&hidden).unwrap().count(), 1);
    // The link itself can be seen, and removed.
    assert_eq!(json_of(&rig.get("data/l?stat"), 200)["kind"], "link");
    assert_eq!(rig.send("DELETE", "data/l", &[], b"").status, 200);
}

#[test]
fn refusals_fill_no_audit_log() {
    let rig = Rig::new();
    let long = format!("data/{}", "ä".repeat(10_000));
    for _ in 0..200 {
        assert_refused(&rig.get(&long), 400, "name_too_long");
    }
    let records = rig.audited();
    assert!((50..200).contains(&records.len()), "{}", records.len());
    let path = records[0]["path"].as_str().unwrap();
    assert!((4000..=4096).contains(&path.len()), "{}", path.len());
    let bytes = "/v0/files/".len() + long.len();
    assert_eq!(records[0]["path_bytes"], bytes);
    assert!(rig.refused("name_too_long") > 199.0);
    // What is done is recorded all the same.
    rig.put("data/a", &[], b"x");
    assert_eq!(rig.audited().last().unwrap()["event"], "file.put.end");
}

#[test]
fn devices_pipes_and_sockets_are_refused_both_ways() {
    let rig = Rig::new();
    make_fifo(&rig.path("pipe"));
    let _socket = std::os::unix::net::UnixListener::bind(rig.path("socket")).unwrap();
    for name in ["pipe", "socket"] {
        let path = format!("data/{name}");
        assert_refused(&rig.get(&path), 403, "special_file");
        assert_refused(&rig.put(&path, &[], b"x"), 403, "special_file");
        assert_refused(&rig.send("DELETE", &path, &[], b""), 403, "special_file");
        assert_eq!(
            json_of(&rig.get(&format!("{path}?stat")), 200)["kind"],
            "special"
        );
    }
}

#[test]
fn a_root_is_read_only_and_nothing_is_deleted_until_that_is_said() {
    let rig = Rig::with(&json!({ "write": false, "delete": false }), &json!({}));
    fs::write(rig.path("a"), "A").unwrap();
    assert_eq!(rig.get("data/a").text(), "A");
    for answer in [
        rig.put("data/b", &[], b"B"),
        rig.put("data/b?folder", &[], b""),
        rig.put("data/b", &[("content-type", "application/x-tar")], b""),
        rig.send("DELETE", "data/a", &[], b""),
        rig.send(
            "HEAD",
            "data/a",
            &[("x-upload-id", "0123456789abcdef")],
            b"",
        ),
    ] {
        assert_eq!(answer.status, 403, "{}", answer.text());
    }
    assert!(!rig.path(".gaxx-partial").exists());
    assert_refused(&rig.get("other/a"), 404, "unknown_root");
    assert_refused(&rig.get("data/none"), 404, "not_found");
}

#[test]
fn names_may_be_any_bytes() {
    let rig = Rig::new();
    let name = "data/%FF%0A%5C%20%22";
    assert_eq!(rig.put(name, &[], b"odd").status, 201);
    assert_eq!(rig.get(name).text(), "odd");
    let list = json_of(&rig.get("data"), 200);
    assert_eq!(list["entries"][0]["name_base64"], "/wpcICI=");
    assert_eq!(rig.audited()[0]["path_base64"], "/wpcICI=");
}
