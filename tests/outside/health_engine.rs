//! Health over time: who is silenced, what has become of checks, and who is told.

use std::{fs, path::Path};

use gaxx_sdk::testing::Receiver;
use gaxx_tests::{Alertmanager, Monitor, MonitorBuilder, require, wait_until};
use rustix::process::Signal;
use serde_json::Value;

/// A check that fails while a file is there, by name and tag `web`, and one that is well.
fn monitor(folder: &Path, more: &str) -> MonitorBuilder {
    let file = folder.join("ill");
    let command = format!(
        "[/bin/sh, -c, \"if [ -e {} ]; then echo ill; exit 2; fi; echo well\"]",
        file.display()
    );
    Monitor::builder()
        .env("GAXX_STATE_FOLDER", folder.join("state"))
        .config(&format!(
            "plugins:\n  exec:\n    instances:\n      it: {{nagios: {{command: {command}}}}}\n      \
             other: {{nagios: {{command: [/bin/true]}}}}\n  system: {{enabled: false}}\nhealth:\n  \
             fall: 1\n  rise: 1\n  interval: 100ms\n  checks:\n    {CHECK}: {{tags: [web, all]}}\n    \
             exec/nagios/other: {{tags: [db, all]}}\n{more}"
        ))
}

const CHECK: &str = "exec/nagios/it";

#[track_caller]
fn status_is(monitor: &Monitor, status: &str) {
    wait_until("the check has changed", || {
        let checks = monitor.checks();
        let own = checks.iter().find(|check| check["name"] == CHECK);
        own.is_some_and(|check| check["status"] == status)
    });
}

fn set_ill(folder: &Path, ill: bool) {
    let file = folder.join("ill");
    if ill {
        fs::write(file, "").unwrap();
    } else {
        fs::remove_file(file).unwrap();
    }
}

#[track_caller]
fn stop(mut monitor: Monitor) {
    monitor.signal(Signal::TERM);
    assert!(monitor.wait_exit(gaxx_tests::BOUND).success());
}

#[test]
fn a_silenced_check_is_shown_and_nobody_is_kept_away() {
    let folder = tempfile::tempdir().unwrap();
    set_ill(folder.path(), true);
    let first = monitor(folder.path(), "").start();
    first.wait_ready();
    status_is(&first, "unhealthy");
    assert_eq!(first.get("/health").status, 503);
    let send = |monitor: &Monitor, body: &str| {
        let request = monitor.request("POST", "/api/health/silences");
        request.try_send_body(body.as_bytes().to_vec()).unwrap()
    };
    for (body, why) in [
        ("{", "cannot be read"),
        (r#"{"for": "1h"}"#, "names neither checks nor tags"),
        (r#"{"checks": ["*"], "for": "1 parsec"}"#, "parsec"),
        (
            r#"{"checks": ["*"], "until": "2001-01-01T00:00:00Z"}"#,
            "in the past",
        ),
        (r#"{"cheks": ["*"], "for": "1h"}"#, "cheks"),
    ] {
        let answer = send(&first, body);
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text().contains(why), "{body}: {}", answer.text());
    }
    let added = send(
        &first,
        r#"{"checks": ["exec/*"], "for": "1h", "comment": "moving"}"#,
    );
    assert_eq!(added.status, 201);
    let added = added.json();
    let silenced = |monitor: &Monitor| {
        let health = monitor.get("/health");
        assert_eq!(
            (health.status, &health.json()["status"]),
            (200, &Value::from("healthy"))
        );
        assert_eq!(monitor.get("/readyz").status, 200);
        let checks = monitor.checks();
        let own = checks.iter().find(|check| check["name"] == CHECK).unwrap();
        assert_eq!(
            (&own["status"], &own["silenced"]),
            (&Value::from("unhealthy"), &Value::from(true))
        );
    };
    silenced(&first);
    stop(first);
    let second = monitor(folder.path(), "").start();
    second.wait_ready();
    status_is(&second, "unhealthy");
    silenced(&second);
    let all = second.get("/api/health/silences").json();
    assert_eq!(
        (&all[0]["id"], &all[0]["comment"]),
        (&added["id"], &Value::from("moving"))
    );
    let path = format!("/api/health/silences/{}", added["id"].as_str().unwrap());
    assert_eq!(second.request("DELETE", &path).send().status, 204);
    assert_eq!(second.request("DELETE", &path).send().status, 404);
    assert_eq!(second.get("/health").status, 503);
}

#[test]
fn what_has_become_of_a_check_outlasts_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let first = monitor(folder.path(), "").start();
    first.wait_ready();
    status_is(&first, "healthy");
    set_ill(folder.path(), true);
    status_is(&first, "unhealthy");
    set_ill(folder.path(), false);
    status_is(&first, "healthy");
    // As if it had been killed: what has happened is on disk.
    drop(first);
    let second = monitor(folder.path(), "").start();
    second.wait_ready();
    set_ill(folder.path(), true);
    status_is(&second, "unhealthy");
    let history = second
        .get(&format!("/api/health/history?check={CHECK}"))
        .json();
    let words: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|past| past["to"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["unhealthy", "healthy", "unhealthy"]);
    assert!(history[0]["message"].as_str().unwrap().contains("ill"));
    let one = second.get("/api/health/history?limit=1").json();
    assert_eq!(one.as_array().map(Vec::len), Some(1));
    assert_eq!(second.get("/api/health/history?limit=x").status, 400);
}

#[test]
fn tags_and_severity_make_a_whole_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    set_ill(folder.path(), true);
    let monitor = monitor(folder.path(), "").start();
    monitor.wait_ready();
    status_is(&monitor, "unhealthy");
    for (query, status, count) in [
        ("web", 503, 1),
        ("db", 200, 1),
        ("all", 503, 2),
        ("db&tag=web", 503, 2),
        ("no", 200, 0),
    ] {
        let answer = monitor.get(&format!("/health?tag={query}"));
        let checks = answer.json()["checks"].as_array().map(Vec::len);
        assert_eq!((answer.status, checks), (status, Some(count)), "{query}");
    }
}

#[test]
fn changes_reach_a_webhook_that_was_away() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::new(200);
    for _ in 0..3 {
        receiver.answer(503, b"not now");
    }
    let exporter = format!(
        "exporters:\n  webhook: {{url: '{}/hook', interval: 1h, checks: [{CHECK}], labels: {{zone: '{{role}}-a'}}}}\n",
        receiver.url()
    );
    let monitor = monitor(folder.path(), &exporter).start();
    monitor.wait_ready();
    status_is(&monitor, "healthy");
    set_ill(folder.path(), true);
    status_is(&monitor, "unhealthy");
    set_ill(folder.path(), false);
    status_is(&monitor, "healthy");
    let mut told = Vec::new();
    wait_until("all is told", || {
        let taken = receiver
            .taken()
            .into_iter()
            .filter(|taken| taken.status == 200);
        told.extend(taken.map(|taken| serde_json::from_slice::<Value>(&taken.body).unwrap()));
        let changes: usize = told
            .iter()
            .map(|body| body["transitions"].as_array().map_or(0, Vec::len))
            .sum();
        changes == 2
    });
    let changes = told
        .iter()
        .flat_map(|body| body["transitions"].as_array().unwrap());
    let words: Vec<_> = changes
        .map(|change| {
            (
                change["from"].as_str().unwrap(),
                change["to"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(words, [("healthy", "unhealthy"), ("unhealthy", "healthy")]);
    assert_eq!(told[0]["labels"]["zone"], "main-a");
    assert_eq!(told[0]["labels"]["role"], "main");
    assert_eq!(
        told[0]["transitions"][0]["tags"],
        serde_json::json!(["web", "all"])
    );
}

#[test]
fn alertmanager_has_what_lasts_and_not_what_has_ended() {
    let Some(tool) = require("prometheus-alertmanager") else {
        return;
    };
    let alertmanager = Alertmanager::start(&tool);
    let folder = tempfile::tempdir().unwrap();
    set_ill(folder.path(), true);
    let exporter = format!(
        "exporters:\n  am: {{use: webhook, flavour: alertmanager, url: '{}', interval: 200ms, labels: {{instance: node1}}}}\n",
        alertmanager.base()
    );
    let monitor = monitor(folder.path(), &exporter).start();
    monitor.wait_ready();
    wait_until("the alert fires", || alertmanager.alerts().len() == 1);
    let alert = alertmanager.alerts().remove(0);
    let labels = &alert["labels"];
    let expected = [
        ("alertname", "HealthCheck"),
        ("check", CHECK),
        ("instance", "node1"),
        ("severity", "critical"),
        ("tags", "web,all"),
    ];
    for (name, value) in expected {
        assert_eq!(labels[name], value, "{alert}");
    }
    assert_eq!(alert["annotations"]["status"], "unhealthy");
    set_ill(folder.path(), false);
    wait_until("the alert has ended", || alertmanager.alerts().is_empty());
}
