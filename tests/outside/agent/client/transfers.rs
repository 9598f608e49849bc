//! `push` and `pull` of files and folders.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use super::rig::{Rig, bytes};

/// Modes, times and contents of what is beneath a folder.
fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let content = if metadata.is_dir() {
                waiting.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            let name = path.strip_prefix(folder).unwrap().to_owned();
            found.insert(name, (metadata.mode(), metadata.mtime(), content));
        }
    }
    found
}

#[test]
fn a_file_goes_there_and_back_with_mode_and_time() {
    let rig = Rig::start();
    let (file, back) = (rig.here("file"), rig.here("back"));
    let content = bytes(3_000_001);
    fs::write(&file, &content).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o750)).unwrap();
    let opened = fs::File::options().write(true).open(&file).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(981_173_106, 123_456_789);
    opened.set_modified(time).unwrap();
    let said = rig.push(&file, "data/", &["--verify"]).expect(0);
    let text = String::from_utf8(said.output).unwrap();
    assert!(text.contains("verified") && text.contains("MB/s"), "{text}");
    assert!(
        said.errors.contains("moving 3000001 bytes"),
        "{}",
        said.errors
    );
    fs::write(&back, "old").unwrap();
    let said = rig
        .pull("data/file", &back, &["--verify", "--quiet"])
        .expect(0);
    assert_eq!((said.output.len(), said.errors.as_str()), (0, ""));
    for copy in [rig.there("file"), back] {
        assert!(fs::read(&copy).unwrap() == content, "{}", copy.display());
        let metadata = copy.metadata().unwrap();
        assert_eq!(
            (metadata.mode() & 0o7777, metadata.modified().unwrap()),
            (0o750, time)
        );
    }
}

#[test]
fn names_of_any_bytes_and_empty_files_go_too() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let rig = Rig::start();
    let name = OsStr::from_bytes(b"a b%2f?#\xff\n");
    let file = rig.here("x").with_file_name(name);
    fs::write(&file, "").unwrap();
    rig.push(&file, "data/", &[]).expect(0);
    assert_eq!(fs::read(rig.there("x").with_file_name(name)).unwrap(), b"");
}

#[test]
fn a_folder_goes_there_and_back_whole() {
    let rig = Rig::start();
    let folder = rig.here("folder");
    fs::create_dir_all(folder.join("a/b/empty")).unwrap();
    for (name, length) in [("one", 0), ("a/two", 10), ("a/b/three", 1_000_000)] {
        fs::write(folder.join(name), bytes(length)).unwrap();
    }
    fs::write(folder.join("x".repeat(150)).as_path(), "long").unwrap();
    fs::set_permissions(folder.join("a/two"), fs::Permissions::from_mode(0o500)).unwrap();
    fs::set_permissions(folder.join("a/b"), fs::Permissions::from_mode(0o700)).unwrap();
    rig.push(&folder, "data/copy", &["-r", "--verify"])
        .expect(0);
    assert_eq!(tree(&rig.there("copy")), tree(&folder));
    let back = rig.here("back");
    rig.pull("data/copy", &back, &["-r", "--verify"]).expect(0);
    assert_eq!(tree(&back), tree(&folder));
    // Into what is there already; what is only there stays.
    fs::write(back.join("one"), "changed").unwrap();
    fs::write(back.join("own"), "own").unwrap();
    rig.pull("data/copy", &back, &["-r"]).expect(0);
    assert_eq!(fs::read(back.join("one")).unwrap(), b"");
    assert_eq!(fs::read(back.join("own")).unwrap(), b"own");
    let left: Vec<_> = fs::read_dir(back.parent().unwrap())
        .unwrap()
        .flatten()
        .collect();
    let hidden = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    assert!(!left.iter().any(hidden), "{left:?}");
}

#[test]
fn what_cannot_be_moved_is_told() {
    let rig = Rig::start();
    let (file, folder) = (rig.here("file"), rig.here("folder"));
    fs::write(&file, "x").unwrap();
    fs::create_dir(&folder).unwrap();
    symlink("/etc/passwd", folder.join("link")).unwrap();
    let out = rig.here("out");
    rig.push(&folder, "data/a", &[])
        .expect_error(1, "--recursive");
    rig.push(&file, "data/no/such", &[])
        .expect_error(1, "parents");
    rig.push(&file, "nowhere/a", &[]).expect_error(1, "no root");
    rig.push(&rig.here("none"), "data/a", &[])
        .expect_error(1, "none");
    rig.push(&folder, "data/a", &["-r"]).expect_error(1, "link");
    rig.push(&file, "data/../x", &[]).expect_error(1, "..");
    rig.pull("data/none", &out, &[]).expect_error(1, "404");
    rig.pull("data", &out, &[]).expect_error(1, "--recursive");
    assert!(!out.exists());
    rig.push(&file, "data/no/such", &["--parents"]).expect(0);
    rig.pull("data/no/such", &out, &["-r"])
        .expect_error(1, "leave out --recursive");
}
