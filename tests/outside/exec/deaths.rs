//! What becomes of programs when the monitor dies without a word.

use rustix::process::Signal;
use serde_json::json;

use super::{Programs, wait_gone};
use gaxx_tests::BOUND;

#[test]
fn programs_end_with_a_monitor_that_is_killed() {
    let mut programs = Programs::new();
    programs.collector(
        "run",
        "trap '' TERM HUP; echo $$ >run; while :; do sleep 1; done",
    );
    programs.check(
        "check",
        "trap '' TERM HUP; echo $$ >check; while :; do sleep 1; done",
    );
    let lines =
        "trap '' TERM HUP PIPE; echo $$ >lasting; while :; do echo a 1; echo; sleep 0.1; done";
    let command = programs.command(lines);
    programs.add(
        "lasting",
        json!({ "exec": { "command": command, "mode": "long_lived" } }),
    );
    let mut monitor = programs.start();
    let pids = ["run", "check", "lasting"].map(|name| programs.written(name));
    monitor.signal(Signal::KILL);
    monitor.wait_exit(BOUND);
    for pid in pids {
        wait_gone(&pid);
    }
}
