//! The plugins of Nagios that Debian ships, as they are.

use std::net::TcpListener;
use std::thread;

use gaxx_tests::{Exposition, require};
use serde_json::json;

use super::{Programs, wait_check};

/// Program, arguments, status and a part of the message. The limits are such that no machine is
/// over them, or every one is.
type Case<'a> = (&'static str, &'a [&'a str], &'static str, &'static str);

/// `open` and `closed` are arguments that name such a port.
fn cases<'a>(open: &'a [&'a str], closed: &'a [&'a str]) -> [Case<'a>; 9] {
    let load = &["-w", "1e6,1e6,1e6", "-c", "1e6,1e6,1e6"];
    let disk = &["-w", "0%", "-c", "0%", "-p", "/"];
    let procs = &["-w", "1:1000000", "-c", "1:1000000"];
    let users = &["-w", "100000", "-c", "100000"];
    let swap = &["-w", "2", "-c", "1", "-n", "ok"];
    [
        ("check_load", load, "healthy", "LOAD OK"),
        ("check_disk", disk, "healthy", "DISK OK"),
        ("check_procs", procs, "healthy", "PROCS OK"),
        (
            "check_procs",
            &["-c", "1000000:"],
            "unhealthy",
            "PROCS CRITICAL",
        ),
        ("check_users", users, "healthy", "USERS OK"),
        ("check_swap", swap, "healthy", "SWAP OK"),
        ("check_tcp", open, "healthy", "TCP OK"),
        ("check_tcp", closed, "unhealthy", "refused"),
        (
            "check_dummy",
            &["3", "as told"],
            "unknown",
            "UNKNOWN: as told",
        ),
    ]
}

#[test]
fn debians_plugins_run_unmodified() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap().port().to_string();
    // Until the test process ends. Were nobody accepted the backlog would be full one day.
    thread::spawn(move || listener.incoming().for_each(drop));
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = free.local_addr().unwrap().port().to_string();
    drop(free);
    let open = ["-H", "127.0.0.1", "-p", &open, "-w", "30", "-c", "60"];
    let closed = ["-H", "127.0.0.1", "-p", &closed];
    let all = cases(&open, &closed);
    let mut programs = Programs::new();
    for (number, (name, arguments, ..)) in all.iter().enumerate() {
        let Some(tool) = require(name) else { return };
        let mut command = vec![tool.path().to_str().unwrap()];
        command.extend(*arguments);
        programs.add(
            &format!("{name}-{number}"),
            json!({ "nagios": { "command": command } }),
        );
    }
    let monitor = programs.start();
    for (number, (name, _, status, part)) in all.iter().enumerate() {
        let report = wait_check(&monitor, &format!("{name}-{number}"), status);
        assert!(
            report["message"].as_str().unwrap().contains(part),
            "{report}"
        );
    }
    let scrape = monitor.metrics();
    let measured = |check: &str, family: &str, label: &str| {
        let name = format!("nagios_perfdata_{family}");
        value(&scrape, &name, check, label).unwrap_or_else(|| panic!("{check} has no {label}"))
    };
    assert!(measured("check_load-0", "value", "load1") >= 0.0);
    assert!(measured("check_disk-1", "bytes", "/") >= 0.0);
    assert!(measured("check_procs-2", "value", "procs") >= 1.0);
    assert!(measured("check_users-4", "value", "users") >= 0.0);
    assert!(measured("check_tcp-6", "seconds", "time") < 30.0);
    let limit = [
        ("check", "check_load-0"),
        ("level", "critical"),
        ("label", "load15"),
        ("bound", "upper"),
    ];
    assert_eq!(
        scrape.value("nagios_perfdata_threshold_value", &limit),
        Some(1e6)
    );
    // None of their performance data is lost.
    let lost = scrape.samples("nagios_perfdata_unreadable");
    assert_eq!(lost.len(), all.len());
    assert!(lost.iter().all(|sample| sample.value == 0.0), "{lost:?}");
}

fn value(scrape: &Exposition, name: &str, check: &str, label: &str) -> Option<f64> {
    scrape.value(name, &[("check", check), ("label", label)])
}
