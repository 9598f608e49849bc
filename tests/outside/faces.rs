//! One health for Kubernetes, Nagios, and who reads the draft.

use gaxx_tests::{Monitor, MonitorBuilder, Outcome};

/// A check of a program that says what it is told, and nothing that depends on the machine.
fn monitor(status: u8) -> MonitorBuilder {
    let command = format!("[/bin/sh, -c, \"echo 'SAYS so | used=7;8;9'; exit {status}\"]");
    Monitor::builder().config(&format!(
        "plugins:\n  exec:\n    instances:\n      says: {{nagios: {{command: {command}}}}}\n  \
         system: {{enabled: false}}\nhealth:\n  fall: 1\n  rise: 1\n"
    ))
}

const CHECK: &str = "exec/nagios/says";

/// Waits until the check has run.
#[track_caller]
fn ran(monitor: &Monitor) {
    gaxx_tests::wait_until("the check has run", || {
        let checks = monitor.checks();
        let own = checks.iter().find(|check| check["name"] == CHECK);
        own.is_some_and(|check| !check["last_checked"].is_null())
    });
}

#[test]
fn kubernetes_probes_fail_by_what_they_are_for() {
    let monitor = monitor(2).start();
    monitor.wait_ready();
    ran(&monitor);
    for path in ["/livez", "/startupz", "/livez/ping", "/startupz/collectors"] {
        let answer = monitor.get(path);
        assert_eq!((answer.status, answer.text()), (200, "ok"), "{path}");
    }
    let ready = monitor.get("/readyz");
    assert_eq!(ready.status, 503);
    assert!(
        ready.text().contains(&format!("[-]{CHECK} failed: ")),
        "{}",
        ready.text()
    );
    assert!(ready.text().ends_with("readyz check failed\n"));
    let without = monitor.get(&format!("/readyz?verbose&exclude={CHECK}"));
    assert_eq!(without.status, 200);
    assert!(without.text().contains(&format!("[+]{CHECK} excluded: ok")));
    assert!(without.text().ends_with("readyz check passed\n"));
    assert_eq!(monitor.get(&format!("/readyz/{CHECK}")).status, 503);
    assert_eq!(monitor.get("/readyz/collectors").status, 200);
    assert_eq!(monitor.get("/readyz/no-such").status, 404);
}

#[test]
fn the_draft_is_there_for_who_asks_for_it() {
    let monitor = monitor(2).start();
    monitor.wait_ready();
    ran(&monitor);
    for path in ["/health", "/api/health"] {
        let answer = monitor
            .request("GET", path)
            .header("Accept", "application/health+json")
            .send();
        assert_eq!(answer.status, 503, "{path}");
        let kind = answer.header("content-type");
        assert_eq!(kind, "application/health+json", "{path}");
        let draft = answer.json();
        assert_eq!(draft["status"], "fail");
        let own = &draft["checks"][format!("{CHECK}:status")][0];
        assert_eq!(own["status"], "fail", "{draft}");
        assert!(own["output"].as_str().unwrap().contains("so"));
        assert!(own["time"].is_string());
    }
    assert_eq!(monitor.get("/api/health").status, 200);
}

#[test]
fn nagios_gets_a_line_with_numbers_and_its_exit_status() {
    let run = |status: u8| -> Outcome {
        let builder = monitor(status).no_listen();
        builder.args(["check", "--format", "nagios", CHECK]).run()
    };
    for (status, word) in [(0, "OK"), (1, "WARNING"), (2, "CRITICAL"), (3, "UNKNOWN")] {
        let said = run(status).expect(i32::from(status));
        let first = said.stdout.lines().next().unwrap_or_default();
        assert!(first.starts_with(&format!("{word} - ")), "{said:?}");
        let (_, data) = first.split_once(" | ").unwrap();
        assert!(data.contains(&format!("'{CHECK} time'=")), "{said:?}");
    }
}
