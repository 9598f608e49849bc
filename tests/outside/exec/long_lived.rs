//! Programs that keep running and print again and again.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{Programs, wait_error, wait_gone, wait_value};

fn long_lived(programs: &mut Programs, instance: &str, lines: &str, more: &Value) {
    let mut settings = more.clone();
    settings["command"] = programs.command(lines);
    settings["mode"] = json!("long_lived");
    programs.add(instance, json!({ "exec": settings }));
}

#[test]
fn the_last_exposition_is_shown_and_a_program_that_ends_is_run_again() {
    let mut programs = Programs::new();
    let lines = "echo run >>runs; echo $$ >pid
n=0; while :; do n=$((n + 1)); echo \"rounds $n\"; echo \"runs $(wc -l <runs)\"; echo; sleep 0.1; done";
    long_lived(&mut programs, "rounds", lines, &json!({}));
    let monitor = programs.start();
    wait_value(&monitor, "runs", &[], 1.0);
    gaxx_tests::wait_until("it prints on", || {
        monitor.metrics().value("rounds", &[]) >= Some(5.0)
    });
    assert_eq!(fs::read_to_string(programs.file("runs")).unwrap(), "run\n");
    let pid = programs.written("pid");
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    wait_value(&monitor, "runs", &[], 2.0);
}

#[test]
fn what_it_does_wrong_is_told() {
    let mut programs = Programs::new();
    let quick = json!({ "max_silence": "500ms", "max_output": "1kB", "timeout": "300ms" });
    for (instance, lines) in [
        ("ends", "echo a 1; echo; echo why >&2; exit 5"),
        (
            "garbage",
            "while :; do echo a one; echo '# EOF'; sleep 0.1; done",
        ),
        (
            "silent",
            "echo a 1; echo; echo $$ >silent; trap '' TERM; while :; do sleep 1000; done",
        ),
        ("floods", "while :; do echo a 1; done"),
        ("never", "while :; do echo a 1; sleep 0.1; done"),
        ("missing", ""),
    ] {
        long_lived(&mut programs, instance, lines, &quick);
    }
    let missing = json!(["/no/such/program"]);
    programs.instances["missing"]["exec"]["command"] = missing;
    let monitor = programs.start();
    for (instance, part) in [
        ("ends", "ended with status 5, saying: why"),
        ("garbage", "line 1: the value is no number"),
        ("silent", "printed no exposition for 0.5 s"),
        ("floods", "printed more than 1kB"),
        ("never", "printed no exposition for 0.5 s"),
        ("missing", "cannot run /no/such/program"),
    ] {
        wait_error(&monitor, &format!("exec@{instance}"), part);
    }
    wait_gone(&programs.written("silent"));
}
