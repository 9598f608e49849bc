//! The same plugin from a library, in place of the one linked in.

use gaxx_tests::{BOUND, PluginFolder, cdylib};
use rustix::process::Signal;
use serde_json::json;

use super::{Programs, wait_check, wait_error, wait_gone, wait_value};

#[test]
fn the_library_does_what_the_built_in_does() {
    let folder = PluginFolder::new();
    let library = folder.add(&cdylib("gaxx-exec"));
    let mut programs = Programs::new();
    programs.collector(
        "jobs",
        "echo '# TYPE jobs_total counter'; echo jobs_total 3",
    );
    programs.collector("wrong", "echo a one");
    // A limit that the core raises for the plugin's process every minute is none for a program.
    programs.collector(
        "time",
        "[ $(ulimit -t) = $(ulimit -H -t) ] && echo same_limit 1",
    );
    programs.check("low", "echo 'low | free=5%'; exit 1");
    let stays = "trap '' TERM HUP; echo $$ >stays; while :; do sleep 1; done";
    programs.collector("stays", stays);
    let lasting =
        programs.command("echo $$ >lasting; while :; do echo lasting 1; echo; sleep 0.1; done");
    programs.add(
        "lasting",
        json!({ "exec": { "command": lasting, "mode": "long_lived" } }),
    );
    let mut monitor = programs.builder().plugins(folder.path()).start();

    let row = monitor.plugin("exec").unwrap();
    assert_eq!(row["file"].as_str(), library.to_str(), "{row}");
    assert!(monitor.log_contains("replaces"), "{:?}", monitor.log());
    wait_value(&monitor, "jobs_total", &[], 3.0);
    wait_value(&monitor, "lasting", &[], 1.0);
    wait_value(&monitor, "same_limit", &[], 1.0);
    assert_eq!(monitor.metrics().families["jobs_total"].kind, "counter");
    wait_error(&monitor, "exec@wrong", "line 1: the value is no number");
    let report = wait_check(&monitor, "low", "degraded");
    assert_eq!(report["message"], "low", "{report}");
    wait_value(&monitor, "nagios_perfdata_ratio", &[("check", "low")], 0.05);

    // Its programs end with the monitor, whichever process they were begun by.
    let pids = ["stays", "lasting"].map(|name| programs.written(name));
    monitor.signal(Signal::KILL);
    monitor.wait_exit(BOUND);
    for pid in pids {
        wait_gone(&pid);
    }
}
