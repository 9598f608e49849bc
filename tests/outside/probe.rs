//! Checks of other things, without writing a plugin.

use std::fs;

use gaxx_tests::{Monitor, MonitorBuilder, wait_until};

/// The folder is where a file comes and goes.
fn monitor(folder: &std::path::Path, more: &str) -> MonitorBuilder {
    let file = folder.join("there");
    let file = file.display();
    Monitor::builder().config(&format!(
        "plugins:\n  system: {{enabled: true}}\n  probe:\n{more}    instances:\n      \
         here: {{file: {{path: {file}}}}}\n      \
         own: {{process: {{command: 'gaxx-mon'}}}}\n      \
         root: {{disk: {{path: /, free_degraded: 0, free_unhealthy: 0}}}}\n      \
         local: {{dns: {{name: localhost, expect: [127.0.0.1]}}}}\n      \
         closed: {{tcp: {{address: '127.0.0.1:1'}}}}\n      \
         well: {{threshold: {{select: 'node_load1', unhealthy_below: 0}}}}\n      \
         ill: {{threshold: {{select: 'gaxx_build_info', degraded_above: 0.5}}}}\n      \
         none: {{threshold: {{select: 'no_such', degraded_above: 0.5}}}}\n\
         health: {{interval: 100ms, rise: 1, fall: 1, checks: {{system/load: {{enabled: false}}}}}}\n"
    ))
}

#[track_caller]
fn becomes(monitor: &Monitor, check: &str, status: &str) {
    wait_until("the check is as it should be", || {
        let checks = monitor.checks();
        let own = checks.iter().find(|it| it["name"] == check);
        own.is_some_and(|it| it["status"] == status && !it["last_checked"].is_null())
    });
}

fn all_find_what_is_so(more: &str) {
    let folder = tempfile::tempdir().unwrap();
    let monitor = monitor(folder.path(), more).start();
    monitor.wait_ready();
    for (check, status) in [
        ("file/here", "unhealthy"),
        ("process/own", "healthy"),
        ("disk/root", "healthy"),
        ("dns/local", "healthy"),
        ("tcp/closed", "unhealthy"),
        ("threshold/well", "healthy"),
        ("threshold/ill", "degraded"),
        ("threshold/none", "unknown"),
    ] {
        becomes(&monitor, &format!("probe/{check}"), status);
    }
    fs::write(folder.path().join("there"), "").unwrap();
    becomes(&monitor, "probe/file/here", "healthy");
}

#[test]
fn checks_find_what_is_so() {
    all_find_what_is_so("");
}

/// A selection crosses to a process of its own.
#[test]
fn they_do_so_in_a_process_of_their_own() {
    all_find_what_is_so("    isolation: process\n");
}

/// The monitor's own page, by HTTP.
#[test]
fn a_page_is_asked() {
    let page = Monitor::builder().start();
    page.wait_ready();
    let monitor = Monitor::builder()
        .config(&format!(
            "plugins:\n  probe:\n    instances:\n      \
             up: {{http: {{url: '{0}/-/healthy', body: 'lives'}}}}\n      \
             gone: {{http: {{url: '{0}/no/such'}}}}\n\
             health: {{interval: 100ms, rise: 1, fall: 1}}\n",
            page.base()
        ))
        .start();
    monitor.wait_ready();
    becomes(&monitor, "probe/http/up", "healthy");
    becomes(&monitor, "probe/http/gone", "unhealthy");
}
