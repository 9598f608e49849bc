//! What cannot be run is told by the step that failed, with a remedy.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use super::{super::User, *};

#[test]
fn programs_that_cannot_be_run_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str, mode| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    let plain = put("plain", "#!/bin/sh\n", 0o644);
    let keepers = keepers();
    let busy_path = folder.path().join("busy");
    fs::copy("/bin/true", &busy_path).unwrap();
    let _busy = fs::OpenOptions::new()
        .append(true)
        .open(&busy_path)
        .unwrap();
    for (program, error, remedy) in [
        (missing.clone(), libc::ENOENT, "install "),
        (format!("{plain}/x"), libc::ENOTDIR, "install "),
        (plain, libc::EACCES, "chmod a+rx"),
        ("/etc".to_owned(), libc::EACCES, "chmod a+rx"),
        (
            put("odd", "#!/no/such/shell\n", 0o755),
            libc::ENOENT,
            "interpreter",
        ),
        (
            put("text", "neither", 0o755),
            libc::ENOEXEC,
            "begin a script with",
        ),
        (
            busy_path.to_str().unwrap().to_owned(),
            libc::ETXTBSY,
            "by a rename",
        ),
    ] {
        let (step, number, advice) = failure(&keepers, &order(&program, &[]));
        assert_eq!((step, number), (Step::Exec, error), "{program}");
        assert!(advice.contains(remedy), "{program}: {advice}");
    }
    // Its keeper is gone, and the next one runs.
    assert_eq!(run(&keepers, &shell("exit 1")).end, End::Status(1));
}

#[test]
fn folders_that_cannot_be_entered_are_told() {
    let keepers = keepers();
    let mut nowhere = order("/bin/true", &[]);
    nowhere.folder = "/no/such/folder".into();
    let (step, error, remedy) = failure(&keepers, &nowhere);
    assert_eq!((step, error), (Step::Folder, libc::ENOENT));
    assert!(
        remedy.contains("make the working folder /no/such/folder"),
        "{remedy}"
    );
    if is_root() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        nowhere.folder = folder.path().into();
        nowhere.user = Some(User {
            uid: 65534,
            gid: 65534,
            groups: Vec::new(),
        });
        let (step, error, remedy) = failure(&keepers, &nowhere);
        assert_eq!((step, error), (Step::Folder, libc::EACCES));
        assert!(remedy.contains("let the user 65534 enter"), "{remedy}");
    }
}

#[test]
fn a_folder_to_write_that_is_not_there_is_told() {
    let mut order = order("/bin/true", &[]);
    order.landlock = Some(vec![PathBuf::from("/no/such/folder")]);
    let (step, error, remedy) = failure(&keepers(), &order);
    assert_eq!((step, error), (Step::Rules, libc::ENOENT));
    assert!(remedy.contains("make the writable folders"), "{remedy}");
}

#[test]
fn a_zero_byte_and_too_much_are_told() {
    let keepers = keepers();
    let (step, error, _) = failure(&keepers, &order("/bin/true", &["a\0b"]));
    assert_eq!((step, error), (Step::Order, libc::EINVAL));
    // More than the kernel takes in one argument, and more than is sent to a keeper at all.
    for (length, step) in [(200 << 10, Step::Exec), (9 << 20, Step::Order)] {
        let long = "x".repeat(length);
        let (failed, error, remedy) = failure(&keepers, &order("/bin/true", &[&long]));
        assert_eq!((failed, error), (step, libc::E2BIG));
        assert!(remedy.contains("send less"), "{remedy}");
    }
    assert_eq!(run(&keepers, &shell("exit 1")).end, End::Status(1));
}

#[test]
fn each_step_has_its_number() {
    for (number, step) in Step::ALL.into_iter().enumerate() {
        assert_eq!(number, step as usize);
    }
}
