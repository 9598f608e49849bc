//! The plugin as a whole.
#![allow(clippy::unwrap_used)]

use std::fs;

use gaxx_sdk::{json, testing};

#[test]
fn it_complies() {
    let folder = tempfile::tempdir().unwrap();
    let text = "# HELP backup_age_seconds Seconds since the last backup.\nbackup_age_seconds 1\n";
    fs::write(folder.path().join("backup.prom"), text).unwrap();
    let program = json!({"exec": {"command": ["/bin/echo", "backup_age_seconds 1"]}});
    let check = json!({"nagios": {"command": ["/bin/echo", "OK - fine | a=1s;2;3;0;9"]}});
    testing::comply("exec")
        .settings("exec", program)
        .settings("nagios", check)
        .settings(
            "textfile",
            json!({"textfile": {"folders": [folder.path()]}}),
        )
        .assert();
}
