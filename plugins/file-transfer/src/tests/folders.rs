//! Folders as tar streams.

use std::{
    fs,
    io::Cursor,
    os::unix::fs::{MetadataExt, symlink},
};

use gaxx_sdk::{json, testing::Answer};
use tar::{Archive, Builder, EntryType, Header};

use super::{Rig, assert_refused, json_of, limits::wait_for, make_fifo};

fn add(builder: &mut Builder<Vec<u8>>, kind: EntryType, name: &str, mode: u32, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    header.set_mtime(1_600_000_000);
    header.set_cksum();
    builder.append(&header, Cursor::new(content)).unwrap();
}

pub(super) fn stream(entries: &[(EntryType, &str, u32, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (kind, name, mode, content) in entries {
        add(&mut builder, *kind, name, *mode, content);
    }
    builder.into_inner().unwrap()
}

pub(super) fn put(rig: &Rig, path: &str, stream: &[u8]) -> Answer {
    rig.put(path, &[("content-type", "application/x-tar")], stream)
}

pub(super) const FILE: EntryType = EntryType::Regular;
pub(super) const FOLDER: EntryType = EntryType::Directory;

#[test]
fn a_folder_is_published_at_once() {
    let rig = Rig::new();
    let tar = stream(&[
        (FOLDER, "./", 0o750, b""),
        (FOLDER, "./sub/", 0o555, b""),
        (FILE, "./sub/a", 0o755, b"A"),
        (FILE, "./other/b", 0o600, &[7; 5000]),
    ]);
    let told = json_of(&put(&rig, "data/tree", &tar), 201);
    assert_eq!((&told["files"], &told["folders"]), (&json!(2), &json!(2)));
    assert_eq!(
        (&told["published"], &told["bytes"]),
        (&json!("at once"), &json!(5001))
    );
    assert_eq!(fs::read(rig.path("tree/sub/a")).unwrap(), b"A");
    assert_eq!(fs::read(rig.path("tree/other/b")).unwrap(), [7; 5000]);
    let mode = |name: &str| fs::metadata(rig.path(name)).unwrap().mode() & 0o7777;
    assert_eq!(
        (mode("tree"), mode("tree/sub"), mode("tree/sub/a")),
        (0o750, 0o755, 0o755)
    );
    assert_eq!(
        fs::metadata(rig.path("tree/sub")).unwrap().mtime(),
        1_600_000_000
    );
    assert!(rig.partials().is_empty());
}

#[test]
fn a_folder_that_is_there_is_filled_file_by_file() {
    let rig = Rig::new();
    fs::create_dir_all(rig.path("tree/sub")).unwrap();
    fs::write(rig.path("tree/sub/a"), "old").unwrap();
    fs::write(rig.path("tree/kept"), "kept").unwrap();
    let tar = stream(&[
        (FILE, "sub/a", 0o644, b"new"),
        (FILE, "sub/deep/b", 0o644, b"B"),
    ]);
    for path in ["data/tree", "data"] {
        assert_eq!(
            json_of(&put(&rig, path, &tar), 200)["published"],
            "file by file"
        );
    }
    assert_eq!(fs::read(rig.path("tree/sub/a")).unwrap(), b"new");
    assert_eq!(fs::read(rig.path("tree/sub/deep/b")).unwrap(), b"B");
    assert_eq!(fs::read(rig.path("tree/kept")).unwrap(), b"kept");
    assert_eq!(fs::read(rig.path("sub/a")).unwrap(), b"new");
}

#[test]
fn what_may_not_come_publishes_nothing() {
    let rig = Rig::new();
    let good = (FILE, "good", 0o644, &b"x"[..]);
    for (entry, status, reason) in [
        ((FILE, "../a", 0o644, &b"x"[..]), 400, "segment"),
        ((FILE, "/etc/a", 0o644, b"x"), 400, "segment"),
        ((EntryType::Link, "a", 0o644, b""), 400, "archive"),
        ((EntryType::Symlink, "a", 0o644, b""), 403, "link"),
        ((EntryType::Char, "a", 0o644, b""), 403, "special_file"),
        ((EntryType::Fifo, "a", 0o644, b""), 403, "special_file"),
        ((FILE, "a", 0o4755, b"x"), 400, "mode"),
        ((FILE, "good", 0o644, b"again"), 400, "archive"),
        ((FILE, "good/a", 0o644, b"x"), 409, "wrong_kind"),
        ((FOLDER, ".gaxx-partial", 0o755, b""), 403, "reserved"),
    ] {
        let tar = stream(&[good, entry]);
        let refused = put(&rig, "data/tree", &tar);
        assert_refused(&refused, status, reason);
    }
    let tar = stream(&[good]);
    assert_refused(
        &put(&rig, "data/tree", &tar[..tar.len() - 1024]),
        400,
        "archive",
    );
    assert!(!rig.path("tree").exists() && rig.partials().is_empty());
}

#[test]
fn links_in_a_stream_stay_inside() {
    let rig = Rig::with(&json!({ "follow": true }), &json!({}));
    let link = |target: &str, then: &str| {
        let mut builder = Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        header.set_mtime(1);
        builder.append_link(&mut header, "l", target).unwrap();
        add(&mut builder, FILE, then, 0o644, b"x");
        builder.into_inner().unwrap()
    };
    assert_eq!(put(&rig, "data/one", &link("a", "a")).status, 201);
    assert_eq!(fs::read(rig.path("one/l")).unwrap(), b"x");
    assert_refused(&put(&rig, "data/two", &link("../..", "a")), 403, "outside");
    assert_refused(&put(&rig, "data/two", &link("/etc", "a")), 403, "outside");
    for target in [".gaxx-partial", ".gaxx-partial/x", "./.gaxx-partial/."] {
        let tar = link(target, "a");
        assert_refused(&put(&rig, "data", &tar), 403, "reserved");
    }
    // Nothing is written through a link of the stream.
    assert_refused(&put(&rig, "data/two", &link("b", "l/a")), 403, "link");
    assert!(!rig.path("two").exists());
}

#[test]
fn a_folder_is_sent_as_it_is() {
    let rig = Rig::new();
    fs::create_dir_all(rig.path("t/sub/empty")).unwrap();
    let long = "n".repeat(200);
    fs::write(rig.path("t/sub").join(&long), "long").unwrap();
    fs::write(rig.path("t/big"), vec![3; 600_000]).unwrap();
    symlink("big", rig.path("t/link")).unwrap();
    make_fifo(&rig.path("t/pipe"));
    let answer = rig.get("data/t?tar");
    assert_eq!(answer.status, 200);
    let to = tempfile::tempdir().unwrap();
    Archive::new(Cursor::new(&answer.body))
        .unpack(to.path())
        .unwrap();
    assert_eq!(fs::read(to.path().join("big")).unwrap(), vec![3; 600_000]);
    assert_eq!(
        fs::read(to.path().join("sub").join(&long)).unwrap(),
        b"long"
    );
    assert!(to.path().join("sub/empty").is_dir() && !to.path().join("pipe").exists());
    assert_eq!(
        fs::read_link(to.path().join("link")).unwrap().to_str(),
        Some("big")
    );
    // Written after the last byte was sent.
    wait_for("the record", || {
        rig.audited().iter().any(|record| record["left_out"] == 1)
    });
    // And back again.
    fs::remove_file(rig.path("t/link")).unwrap();
    let again = rig.get("data/t?tar").body;
    assert_eq!(put(&rig, "data/back", &again).status, 201);
    assert_eq!(fs::read(rig.path("back/big")).unwrap().len(), 600_000);
    assert_refused(&rig.get("data/t/big?tar"), 409, "wrong_kind");
}

#[test]
fn what_is_said_last_of_a_folder_holds() {
    let rig = Rig::new();
    let tar = stream(&[(FOLDER, "a", 0o700, b""), (FOLDER, "a/", 0o755, b"")]);
    assert_eq!(put(&rig, "data/tree", &tar).status, 201);
    let mode = fs::metadata(rig.path("tree/a")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn there_are_no_more_entries_than_there_may_be() {
    let rig = Rig::with(&json!({}), &json!({ "max_entries": 1 }));
    let tar = stream(&[(FILE, "a", 0o644, b"x"), (FILE, "b", 0o644, b"x")]);
    assert_refused(&put(&rig, "data/tree", &tar), 413, "too_large");
    assert!(rig.partials().is_empty());
}
