//! Folders whose mode keeps the agent out, as a user without privileges meets them.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
    thread,
};

use gaxx_sdk::json;
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use super::{
    Rig,
    folders::{FILE, FOLDER, put, stream},
    json_of,
    limits::{counted, used, wait_for},
};

/// Runs it on a thread for which the modes of files hold, also where root runs the tests.
fn unprivileged(test: impl FnOnce() + Send) {
    let run = move || {
        let over =
            CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH | CapabilitySet::FOWNER;
        let mut sets = capabilities(None).unwrap();
        for set in [&mut sets.effective, &mut sets.permitted] {
            set.remove(over);
        }
        sets.inheritable.remove(over);
        set_capabilities(None, sets).unwrap();
        test();
    };
    thread::scope(|scope| scope.spawn(run).join().unwrap());
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_agent_can_always_enter_the_folders_that_it_makes() {
    unprivileged(|| {
        let rig = Rig::with(&json!({ "umask": "777" }), &json!({}));
        let closed = [("x-file-mode", "0000")];
        assert_eq!(rig.put("data/new?folder", &closed, b"").status, 201);
        let tar = stream(&[
            (FOLDER, "./", 0, b""),
            (FOLDER, "./sub/", 0, b""),
            (FILE, "./sub/a", 0, b"A"),
            (FOLDER, "./sub/deep/", 0, b""),
        ]);
        assert_eq!(put(&rig, "data/tree", &tar).status, 201);
        // Into one that is there, too.
        assert_eq!(put(&rig, "data/new", &tar).status, 200);
        for name in [
            "new",
            "new/sub",
            "new/sub/deep",
            "tree",
            "tree/sub",
            "tree/sub/deep",
        ] {
            let mode = fs::metadata(rig.path(name)).unwrap().mode() & 0o7777;
            assert_eq!(mode, 0o700, "{name}");
        }
        for name in ["tree", "new"] {
            let deleted = rig.send("DELETE", &format!("data/{name}?recursive"), &[], b"");
            assert_eq!(json_of(&deleted, 200)["kind"], "folder");
        }
        assert!(rig.partials().is_empty());
    });
}

#[test]
fn what_is_closed_stops_neither_the_sweeper_nor_the_count() {
    let folder = tempfile::tempdir().unwrap();
    let hidden = folder.path().join(".gaxx-partial");
    let at = |name: &str| folder.path().join(name);
    for name in [
        ".gaxx-partial/gone-1/a/b",
        ".gaxx-partial/gone-0/a",
        "closed/a",
    ] {
        fs::create_dir_all(at(name)).unwrap();
    }
    fs::write(at(".gaxx-partial/gone-1/a/b/c"), "x").unwrap();
    fs::write(at("closed/a/b"), "x").unwrap();
    fs::write(at("open"), "open").unwrap();
    for name in [
        ".gaxx-partial/gone-1/a/b",
        ".gaxx-partial/gone-1/a",
        ".gaxx-partial/gone-1",
        "closed",
    ] {
        set_mode(&at(name), 0);
    }
    set_mode(&hidden, 0o700);
    // What is somebody else's cannot be removed; only root can make that.
    set_mode(&at(".gaxx-partial/gone-0"), 0);
    let foreign = chown(at(".gaxx-partial/gone-0"), Some(12_345), None).is_ok();
    unprivileged(|| {
        let data = json!({ "path": folder.path(), "quota": 1000 });
        let rig = Rig::with(&data, &json!({}));
        counted(&rig);
        assert_eq!(used(&rig), 4);
        wait_for("the sweep", || {
            rig.metric("gaxx_file_transfer_partials_swept_total", &[]) > 0.0
        });
        assert!(!at(".gaxx-partial/gone-1").exists());
        assert_eq!(at(".gaxx-partial/gone-0").exists(), foreign);
        assert_eq!(rig.put("data/new", &[], b"new").status, 201);
    });
    set_mode(&at("closed"), 0o700);
}
