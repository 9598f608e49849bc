//! A filesystem that is full, and a quota that is used.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use gaxx_tests::{Agent, binary, wait_until};

use super::{Data, get, put};

#[test]
fn a_full_filesystem_is_told_and_leaves_nothing() {
    let allowed = Command::new("unshare").args(["-rm", "true"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("*** SKIPPED: no namespace with a filesystem of its own may be made here");
        return;
    }
    let data = Data::new();
    let own = tempfile::tempdir().unwrap();
    let program = own.path().join("gaxx-mon");
    let script = format!(
        "#!/bin/sh\nexec unshare -rm sh -c 'mount -t tmpfs -o size=8m tmpfs {} && exec {} \"$@\"' sh \"$@\"\n",
        data.0.path().display(),
        binary().display(),
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let agent = data.agent().program(program).start();
    // Told beforehand by its length, and without one as it comes.
    let refused = put(&agent, "data/large", &vec![1; 20 << 20])
        .expect(507)
        .json();
    assert_eq!(refused["reason"], "space");
    assert_eq!(put(&agent, "data/first", &vec![1; 5 << 20]).status, 201);
    let refused = put(&agent, "data/second", &vec![1; 3 << 20])
        .expect(507)
        .json();
    assert!(
        refused["remedy"].as_str().unwrap().contains("min_free"),
        "{refused}"
    );
    // What was refused takes no room.
    assert_eq!(put(&agent, "data/third", &vec![1; 1 << 20]).status, 201);
    let names = get(&agent, "data").json()["entries"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(names, 2);
}

#[test]
fn a_quota_is_counted_across_restarts() {
    let data = Data::new();
    fs::write(data.path("there"), vec![1; 600_000]).unwrap();
    let agent = Agent::builder()
        .config(&data.config(", quota: 1000000"))
        .start();
    let used = |agent: &Agent| get(agent, "").json()["roots"][0]["used"].as_u64();
    wait_until("the root is counted", || used(&agent) == Some(600_000));
    assert_eq!(put(&agent, "data/a", &vec![1; 400_001]).status, 413);
    assert_eq!(put(&agent, "data/a", &vec![1; 400_000]).status, 201);
    assert_eq!(put(&agent, "data/b", &[1]).status, 413);
    let agent = agent.restart();
    wait_until("the root is counted", || used(&agent) == Some(1_000_000));
    assert_eq!(put(&agent, "data/b", &[1]).status, 413);
    let labels = [("reason", "quota")];
    wait_until("it is counted", || {
        let metrics = agent.metrics();
        metrics.value("gaxx_file_transfer_refused_total", &labels) == Some(1.0)
    });
}
