//! `gaxx-mon profile`: the same profiles for people without Go.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use gaxx_tests::{GoPprof, Monitor, MonitorBuilder, Outcome, binary, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{BUSY, Hot, IN_PROCESS, PROCESS};

const BURN: &str = "gaxx_hot::burn::burn_cycles";
const LEAK: &str = "gaxx_hot::leak::leak_pages";

/// The words of a command to this program.
fn profile(hot: &Hot, words: &[&str]) -> MonitorBuilder {
    let node = hot.at("");
    Monitor::builder()
        .args(["profile"])
        .args(words)
        .args(["--node", &node])
}

/// The first line of the table.
#[track_caller]
fn first_row(said: &Outcome) -> &str {
    let mut lines = said.stdout.lines();
    let head = lines.find(|line| line.contains("flat%"));
    assert!(head.is_some(), "{said:?}");
    lines.next().unwrap()
}

#[test]
fn a_table_shows_what_is_on_top() {
    for (isolation, more) in [(IN_PROCESS, &[][..]), (PROCESS, &["--plugin", "hot"])] {
        let hot = Hot::start(isolation, BUSY);
        let cpu = profile(&hot, &[&["cpu", "--seconds", "2"], more].concat());
        let cpu = cpu.run().expect(0);
        let row = first_row(&cpu);
        assert!(row.contains(BURN) && row.contains("burn.rs:"), "{cpu:?}");
        // Whose calls they were.
        let cost = cpu.stdout.lines().any(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            words.contains(&"hot") && words.contains(&"burn")
        });
        assert!(cost || isolation == PROCESS, "{}", cpu.stdout);
        hot.have("leak/64");
        let heap = profile(&hot, &[&["heap"], more].concat()).run().expect(0);
        assert!(first_row(&heap).contains(LEAK), "{heap:?}");
    }
}

#[test]
fn tasks_are_shown_too() {
    let hot = Hot::start(IN_PROCESS, BUSY);
    let tasks = profile(&hot, &["tasks"]).run().expect(0);
    assert!(first_row(&tasks).contains("listener"), "{tasks:?}");
    assert!(tasks.stdout.contains("waiting"), "{tasks:?}");
}

#[test]
fn it_can_be_read_by_programs() {
    let hot = Hot::start(IN_PROCESS, BUSY);
    let words = ["cpu", "--seconds", "1", "--top", "3", "--format", "json"];
    let said = profile(&hot, &words).run().expect(0);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert!(said.stdout.contains(BURN), "{report:#}");
    // Nobody sees a bar where nobody looks.
    assert!(
        !said.stderr.contains('\r') && !said.stderr.contains('\u{1b}'),
        "{said:?}"
    );
}

#[test]
fn a_file_is_for_go_tool_pprof() {
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(IN_PROCESS, BUSY);
    hot.have("leak/64");
    let folder = tempfile::tempdir().unwrap();
    for (words, top) in [
        (&["cpu", "--seconds", "2"][..], BURN),
        (&["heap"], LEAK),
        (&["tasks"], "listener"),
    ] {
        let file = folder.path().join("profile.pb.gz");
        let path = file.display().to_string();
        let said = profile(&hot, &[words, &["-o", &path]].concat());
        let said = said.run().expect(0);
        assert!(said.stderr.contains(&path), "{said:?}");
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let rows = go.top(&["-symbolize=none", &path]);
        assert!(rows[0].name.starts_with(top), "{rows:#?}");
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn what_is_in_the_way_is_named() {
    let hot = Hot::start(IN_PROCESS, BUSY);
    let fails = |words: &[&str], code: i32, part: &str| {
        let said = profile(&hot, words).run().expect(code);
        assert!(said.stderr.contains(part), "{part}: {said:?}");
        assert!(said.stdout.is_empty(), "{said:?}");
    };
    fails(&["cpu", "--seconds", "0"], 2, "1..=300");
    fails(&["heap", "--plugin", "no-such"], 1, "no-such");
    fails(&["heap", "--plugin", "hot"], 1, "hot");
    fails(&["heap", "-o", "/no/such/folder/x"], 1, "/no/such/folder/x");
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let nobody = Monitor::builder().args(["profile", "heap", "--node", &address]);
    let nobody = nobody.run().expect(1);
    assert!(nobody.stderr.contains(&address), "{nobody:?}");
}

/// A second profile at the same time is refused, and Ctrl-C ends the first at the node as well.
#[test]
fn an_interrupt_ends_it_at_the_node() {
    let hot = Hot::start(IN_PROCESS, BUSY);
    let begin = || {
        Command::new(binary())
            .args(["profile", "cpu", "--seconds", "300", "--node", &hot.at("")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut first = begin();
    let second = || profile(&hot, &["cpu", "--seconds", "1"]).run();
    let mut refused = second();
    wait_until("the second is refused", || {
        // The second may have come first.
        if refused.code == Some(0) {
            let _ = first.kill();
            let _ = first.wait();
            first = begin();
            refused = second();
        }
        refused.code == Some(1)
    });
    assert!(refused.stderr.contains("one at a time"), "{refused:?}");
    let pid = Pid::from_raw(first.id().cast_signed()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(130));
    wait_until("the profiler is free", || second().code == Some(0));
}
