//! Files on their way down, and what is shown of them.

use std::fs;

use gaxx_sdk::json;

use super::{Rig, assert_refused, header, json_of};

#[test]
fn a_file_is_sent_whole_or_in_part() {
    let rig = Rig::new();
    let content: Vec<u8> = (0..700_000_u32).map(|byte| byte.to_le_bytes()[0]).collect();
    fs::write(rig.path("a"), &content).unwrap();
    let whole = rig.get("data/a");
    assert_eq!((whole.status, &whole.body), (200, &content));
    assert_eq!(header(&whole, "content-length"), "700000");
    let tag = header(&whole, "etag");
    let ask = |headers: &[(&str, &str)]| rig.send("GET", "data/a", headers, b"");
    let part = ask(&[("range", "bytes=600000-"), ("if-range", tag)]);
    assert_eq!((part.status, &part.body[..]), (206, &content[600_000..]));
    assert_eq!(header(&part, "content-range"), "bytes 600000-699999/700000");
    let other = ask(&[("range", "bytes=600000-"), ("if-range", "\"other\"")]);
    assert_eq!((other.status, other.body.len()), (200, 700_000));
    let none = ask(&[("range", "bytes=700000-")]);
    assert_refused(&none, 416, "range");
    assert_eq!(header(&none, "content-range"), "bytes */700000");
    assert_eq!(ask(&[("if-none-match", tag)]).status, 304);
    assert_refused(&ask(&[("if-match", "\"other\"")]), 412, "precondition");
}

#[test]
fn a_digest_is_made_when_it_is_asked_for() {
    let rig = Rig::new();
    fs::write(rig.path("a"), "abc").unwrap();
    let head = |query: &str| rig.send("HEAD", &format!("data/a{query}"), &[], b"");
    assert_eq!(header(&head(""), "x-content-blake3"), "");
    let asked = head("?digest=sha256");
    assert_eq!((asked.status, asked.body.len()), (200, 0));
    assert!(header(&asked, "x-content-sha256").starts_with("ba7816bf"));
    assert!(header(&head("?digest=blake3"), "x-content-blake3").starts_with("6437b3ac"));
    // Known from now on, until the file is another one.
    assert!(header(&head(""), "x-content-blake3").starts_with("6437b3ac"));
    fs::write(rig.path("a"), "abcd").unwrap();
    assert_eq!(header(&head(""), "x-content-blake3"), "");
    rig.put("data/b", &[], b"abc");
    let known = rig.send("HEAD", "data/b", &[], b"");
    assert!(header(&known, "x-content-blake3").starts_with("6437b3ac"));
}

#[test]
fn a_folder_is_shown_page_by_page() {
    let rig = Rig::new();
    for name in ["d", "a", "b c", "e"] {
        fs::write(rig.path(name), "12").unwrap();
    }
    fs::create_dir(rig.path("f")).unwrap();
    let names = |path: &str| {
        let page = json_of(&rig.get(path), 200);
        let entries = page["entries"].as_array().unwrap().clone();
        let names: Vec<_> = entries.iter().map(|entry| entry["name"].clone()).collect();
        (names, page["next"].clone())
    };
    assert_eq!(
        names("data"),
        (
            vec![json!("a"), json!("b c"), json!("d"), json!("e"), json!("f")],
            json!(null)
        )
    );
    assert_eq!(
        names("data?limit=2"),
        (vec![json!("a"), json!("b c")], json!("b%20c"))
    );
    assert_eq!(
        names("data?limit=2&after=b%20c"),
        (vec![json!("d"), json!("e")], json!("e"))
    );
    assert_eq!(
        names("data?limit=2&after=e"),
        (vec![json!("f")], json!(null))
    );
    let page = json_of(&rig.get("data"), 200);
    assert_eq!(
        (&page["entries"][0]["size"], &page["entries"][0]["kind"]),
        (&json!(2), &json!("file"))
    );
    assert_eq!(page["entries"][4]["kind"], "folder");
}

#[test]
fn roots_are_listed_without_where_they_lie() {
    let rig = Rig::new();
    let answer = rig.endpoint.send("GET", 0, "/v0/files", b"").unwrap();
    let told = json_of(&answer, 200);
    assert_eq!(
        (&told["roots"][0]["name"], &told["roots"][0]["write"]),
        (&json!("data"), &json!(true))
    );
    assert!(!answer.text().contains(rig.folder.path().to_str().unwrap()));
    let put = rig.endpoint.send("PUT", 2, "/v0/files/", b"x").unwrap();
    assert_refused(&put, 405, "method");
}

#[test]
fn files_and_folders_are_deleted() {
    let rig = Rig::new();
    let delete = |path: &str| rig.send("DELETE", path, &[], b"");
    assert_eq!(
        rig.put("data/f?folder", &[("x-file-mode", "0700")], b"")
            .status,
        201
    );
    assert_refused(&rig.put("data/f?folder", &[], b""), 409, "exists");
    rig.put("data/f/a", &[], b"x");
    let deep = format!("data/f/{}z?parents", "d/".repeat(300));
    assert_eq!(rig.put(&deep, &[], b"x").status, 201);
    assert_refused(&delete("data/f"), 409, "exists");
    assert_eq!(delete("data/f/a").status, 200);
    assert_eq!(delete("data/f?recursive").status, 200);
    assert!(!rig.path("f").exists() && rig.partials().is_empty());
    assert_refused(&delete("data/f"), 404, "not_found");
    assert_refused(&delete("data"), 403, "not_allowed");
    assert_refused(&delete("data?recursive"), 403, "not_allowed");
}
