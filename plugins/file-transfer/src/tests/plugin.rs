//! The plugin as a whole.

use gaxx_sdk::{json, testing};

use super::Rig;
use crate::refusal::Reason;

#[test]
fn it_complies() {
    let folder = tempfile::tempdir().unwrap();
    let settings = json!({ "roots": {
        "data": { "path": folder.path(), "write": true, "delete": true, "quota": "1MiB" },
    } });
    testing::comply("file-transfer")
        .settings("files", settings)
        // Named before the rules were.
        .except(&[
            "gaxx_file_transfer_duration",
            "gaxx_file_transfer_throughput_mbps",
            "gaxx_file_transfers_successful",
            "gaxx_file_transfers_failed",
        ])
        .assert();
}

#[test]
fn every_metric_is_there_from_the_start() {
    let rig = Rig::new();
    for name in [
        "gaxx_file_transfer_duration_count",
        "gaxx_file_transfer_throughput_mbps_count",
        "gaxx_file_transfer_size_bytes_count",
        "gaxx_file_transfers_successful",
        "gaxx_file_transfers_failed",
        "gaxx_file_transfers_running",
        "gaxx_file_transfer_partials",
        "gaxx_file_transfer_partials_swept_total",
    ] {
        assert_eq!(rig.metric(name, &[]).to_bits(), 0.0_f64.to_bits(), "{name}");
    }
    for reason in Reason::ALL {
        assert_eq!(
            rig.refused(reason.label()).to_bits(),
            0.0_f64.to_bits(),
            "{}",
            reason.label()
        );
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (settings, part) in [
        (
            json!({ "roots": { "..": { "path": path } } }),
            "roots has the name",
        ),
        (
            json!({ "roots": { "a": { "path": "here" } } }),
            "roots.a.path is here",
        ),
        (
            json!({ "roots": { "a": { "path": "/no/such/folder" } } }),
            "/no/such/folder",
        ),
        (
            json!({ "roots": { "a": { "path": "/dev/null" } } }),
            "/dev/null",
        ),
        (
            json!({ "roots": { "a": { "path": path, "umask": "9" } } }),
            "umask",
        ),
        (json!({ "transfers": 0 }), "transfers is 0"),
        (
            json!({ "roots": { "a": { "path": "/proc", "write": true } } }),
            "/proc/.gaxx-partial",
        ),
    ] {
        let error = testing::endpoint::<crate::files::Files>(settings)
            .err()
            .unwrap();
        assert!(error.message().contains(part), "{error}");
        assert!(!error.remedy_text().is_empty(), "{error}");
    }
}

#[test]
fn a_hidden_folder_of_others_is_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let hidden = folder.path().join(".gaxx-partial");
    let make = || {
        let settings = json!({ "roots": { "a": { "path": folder.path(), "write": true } } });
        testing::endpoint::<crate::files::Files>(settings)
            .err()
            .unwrap()
    };
    std::fs::create_dir(&hidden).unwrap();
    std::fs::set_permissions(&hidden, PermissionsExt::from_mode(0o755)).unwrap();
    assert!(make().message().contains("others can enter it"));
    std::fs::remove_dir(&hidden).unwrap();
    symlink("/tmp", &hidden).unwrap();
    assert!(make().message().contains(".gaxx-partial"));
}
