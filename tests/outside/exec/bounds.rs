//! What a program may use: time, output, memory, CPU, files; and what it costs the monitor.

use std::fs;
use std::time::Duration;

use gaxx_tests::{BOUND, Monitor, wait_for, wait_until};
use rustix::process::Signal;
use serde_json::json;

use super::{Programs, row, wait_check, wait_error, wait_gone, wait_successes};

/// The children ignore every signal that can be ignored, hold the output open, and half of them
/// have left session and group, with parents that are gone.
#[test]
fn a_run_that_takes_too_long_is_ended_with_all_its_descendants() {
    let mut programs = Programs::new();
    let lines = r#"stay() { trap '' TERM HUP INT; echo $$ >"$2"; mv "$2" "$1"; while :; do sleep 1000; done; }
if [ "$2" ]; then stay "$2" "$2.part"; fi
"#;
    // A script that runs itself, so that each process has a number of its own to tell.
    let script = programs.file("script");
    fs::write(&script, format!("cd \"$1\" || exit\n{lines}
sh \"$0\" \"$1\" near &
(sh \"$0\" \"$1\" orphan &)
setsid sh \"$0\" \"$1\" session &
(setsid sh \"$0\" \"$1\" far-orphan &)
(setsid sh -c '(setsid sh \"$0\" \"$1\" farthest &)' \"$0\" \"$1\" &)
trap '' TERM; for name in near orphan session far-orphan farthest; do while [ ! -e $name ]; do sleep 0.05; done; done
echo $$ >leader
while :; do sleep 1000; done
")).unwrap();
    let command = json!(["/bin/sh", script, programs.folder.path()]);
    programs.add(
        "slow",
        json!({ "exec": { "command": command, "timeout": "3s" } }),
    );
    programs.collector("well", "echo well 1");
    let monitor = programs.start();
    wait_error(
        &monitor,
        "exec@slow",
        "ended because it ran longer than 3.0 s",
    );
    for name in [
        "leader",
        "near",
        "orphan",
        "session",
        "far-orphan",
        "farthest",
    ] {
        wait_gone(&programs.written(name));
    }
    wait_successes(&monitor, "exec@well", 3);
}

/// A deadline of the component is one for the program.
#[test]
fn a_check_that_takes_too_long_is_unknown_and_says_so() {
    let mut programs = Programs::new();
    let lines = "echo 'OK - so far | a=1'; echo $$ >pid; exec >&- 2>&-; sleep 1000";
    let command = programs.command(lines);
    programs.add(
        "slow",
        json!({ "nagios": { "command": command, "timeout": "300ms" } }),
    );
    let monitor = programs.start();
    let report = wait_check(&monitor, "slow", "unknown");
    let message = report["message"].as_str().unwrap();
    assert!(message.contains("ran longer than 0.3 s"), "{report}");
    wait_gone(&programs.written("pid"));
}

#[test]
fn floods_are_cut_off() {
    let mut programs = Programs::new();
    programs.collector("lines", "while :; do echo a 1; done");
    programs.collector("line", "exec tr '\\0' x </dev/zero");
    programs.collector("errors", "exec cat /dev/zero >&2");
    programs.check("check", "while :; do echo 'a | a=1'; done");
    let monitor = programs.start();
    for instance in ["lines", "line", "errors"] {
        wait_error(
            &monitor,
            &format!("exec@{instance}"),
            "printed more than 1MiB",
        );
    }
    let report = wait_check(&monitor, "check", "unknown");
    assert!(
        report["message"]
            .as_str()
            .unwrap()
            .contains("printed more than 1MiB"),
        "{report}"
    );
    assert_eq!(monitor.get("/-/healthy").status, 200);
}

#[test]
fn memory_time_and_files_of_a_program_are_limited_where_asked() {
    let mut programs = Programs::new();
    let greedy = "x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo a 1";
    for (instance, lines, limit) in [
        ("cpu", "while :; do :; done", json!({ "max_cpu": "1s" })),
        ("memory", greedy, json!({ "max_memory": "30MiB" })),
        (
            "files",
            "ulimit -n >files; echo a 1",
            json!({ "max_open_files": 20 }),
        ),
    ] {
        let mut settings = limit;
        settings["command"] = programs.command(lines);
        programs.add(instance, json!({ "exec": settings }));
    }
    let monitor = programs.start();
    wait_error(&monitor, "exec@cpu", "was ended by signal 24 (SIGXCPU)");
    wait_error(&monitor, "exec@memory", "/bin/sh ");
    assert_eq!(programs.written("files"), "20\n");
}

/// Hundreds of runs of every way to end: afterwards there is nothing that was not there before.
#[test]
fn hundreds_of_runs_leave_nothing_behind() {
    let mut programs = Programs::new();
    for number in 0..3 {
        programs.collector(&format!("well{number}"), &format!("echo well{number} 1"));
    }
    programs.collector("fails", "exit 1");
    programs.collector("leaves", "sleep 1000 & echo left 1");
    programs.collector("floods", "exec cat /dev/zero");
    programs.check("check", "echo 'fine | a=1'; exit 1");
    programs.add("missing", json!({ "exec": { "command": ["/no/such"] } }));
    let slow = programs.command("sleep 1000");
    programs.add(
        "slow",
        json!({ "exec": { "command": slow, "timeout": "100ms" } }),
    );
    let monitor = programs.builder().start();
    let calls = || monitor.plugin("exec").unwrap()["calls"].as_u64().unwrap();
    wait_until("all have run", || calls() >= 60);
    // Runs are under way at any time: the least of several looks counts.
    let least = |look: &dyn Fn() -> usize| {
        (0..30)
            .map(|_| {
                std::thread::yield_now();
                look()
            })
            .min()
            .unwrap()
    };
    let files = || {
        fs::read_dir(format!("/proc/{}/fd", monitor.pid()))
            .unwrap()
            .count()
    };
    let before = least(&files);
    wait_until("all have run hundreds of times", || calls() >= 460);
    let settled = wait_for(BOUND, || {
        let now = least(&files);
        // A connection or two of these tests may be open.
        if now <= before + 4 {
            Ok(())
        } else {
            Err(format!("{before} files, then {now}"))
        }
    });
    settled.unwrap();
    wait_until("no zombie is left", || zombies(&monitor) == 0);
    wait_until("no sleeper is left", || {
        children_named(&monitor, "sleep") == 0
    });
}

fn zombies(monitor: &Monitor) -> usize {
    let stats = children(monitor);
    stats.iter().filter(|stat| stat.contains(") Z ")).count()
}

fn children_named(monitor: &Monitor, name: &str) -> usize {
    let name = format!("({name})");
    children(monitor)
        .iter()
        .filter(|stat| stat.contains(&name))
        .count()
}

/// `/proc/PID/stat` of all children.
fn children(monitor: &Monitor) -> Vec<String> {
    let parent = monitor.pid().to_string();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let stats = entries.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    stats
        .filter(|stat| {
            let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
            rest.split(' ').nth(1) == Some(&parent)
        })
        .collect()
}

/// The end of the monitor is that of its programs, and does not wait for them.
#[test]
fn a_stop_ends_programs_that_run() {
    let mut programs = Programs::new();
    programs.collector(
        "slow",
        "trap '' TERM; echo $$ >slow; while :; do sleep 1000; done",
    );
    let mut monitor = programs.start();
    let pid = programs.written("slow");
    assert_eq!(row(&monitor, "exec@slow")["state"], "running");
    monitor.signal(Signal::TERM);
    assert!(monitor.wait_exit(Duration::from_secs(15)).success());
    wait_gone(&pid);
}
