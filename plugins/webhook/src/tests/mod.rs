#![allow(clippy::unwrap_used)]

use gaxx_sdk::{
    ErrorKind, Severity, Standing, Transition, json, serde_json,
    testing::{self, ExporterTest, Receiver},
};
use serde_json::Value;

use super::*;

const TIME: &str = "2026-01-02T03:04:05Z";

fn change(check: &str, from: Status, to: Status) -> Transition {
    Transition {
        check: check.to_owned(),
        from,
        to,
        message: format!("{check} changed"),
        time: TIME.to_owned(),
        severity: Severity::Critical,
        tags: vec!["db".to_owned()],
        silenced: false,
        details: [("free".to_owned(), "3".to_owned())].into(),
    }
}

fn standing(check: &str, status: Status) -> Standing {
    Standing {
        check: check.to_owned(),
        status,
        since: TIME.to_owned(),
        message: format!("{check} stands"),
        severity: Severity::Warning,
        tags: Vec::new(),
        silenced: false,
    }
}

fn news(transitions: Vec<Transition>, checks: Vec<Standing>) -> News {
    News {
        time: TIME.to_owned(),
        labels: [("instance", "node1"), ("empty", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        transitions,
        checks,
    }
}

fn webhook(receiver: &Receiver, mut settings: Value) -> Result<ExporterTest> {
    settings["url"] = json!(receiver.url());
    testing::notifier::<Webhook>(settings)
}

fn sent(receiver: &Receiver) -> Vec<Value> {
    let taken = receiver.taken().into_iter();
    taken
        .map(|taken| serde_json::from_slice(&taken.body).unwrap())
        .collect()
}

#[test]
fn changes_are_told_and_their_absence_is_not() {
    let receiver = Receiver::new(200);
    let mut webhook = webhook(&receiver, json!({})).unwrap();
    webhook
        .notify(&news(vec![], vec![standing("a", Status::Unhealthy)]))
        .unwrap();
    assert!(receiver.taken().is_empty());
    webhook
        .notify(&news(
            vec![change("a", Status::Healthy, Status::Unhealthy)],
            vec![],
        ))
        .unwrap();
    let bodies = sent(&receiver);
    assert_eq!(
        bodies,
        [json!({
            "version": 1, "time": TIME, "labels": {"instance": "node1", "empty": ""},
            "transitions": [{
                "check": "a", "from": "healthy", "to": "unhealthy", "message": "a changed", "time": TIME,
                "severity": "critical", "tags": ["db"], "silenced": false, "details": {"free": "3"},
            }],
        })]
    );
}

#[test]
fn what_is_signed_can_be_checked() {
    let receiver = Receiver::new(204);
    let folder = std::env::temp_dir().join(format!("gaxx-webhook-{}", std::process::id()));
    std::fs::write(&folder, "key\n").unwrap();
    let mut webhook = webhook(&receiver, json!({ "secret_file": folder })).unwrap();
    std::fs::remove_file(&folder).unwrap();
    let told = news(vec![change("a", Status::Healthy, Status::Degraded)], vec![]);
    receiver.answer(503, b"");
    let error = webhook.notify(&told).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    webhook.notify(&told).unwrap();
    let taken = receiver.taken();
    let header = |at: usize, name: &str| {
        let start = format!("{name}: ");
        let mut lines = taken[at].head.lines();
        lines
            .find_map(|line| line.strip_prefix(&start))
            .unwrap()
            .to_owned()
    };
    let signature = header(1, "x-gaxx-signature");
    let time = header(1, "x-gaxx-timestamp");
    assert_eq!(
        signature,
        format!("sha256={}", Key::new(b"key").sign(&time, &taken[1].body))
    );
    assert_eq!(header(0, "x-gaxx-delivery"), header(1, "x-gaxx-delivery"));
}

#[test]
fn it_tells_of_what_it_is_asked_to() {
    let receiver = Receiver::new(200);
    let mut quiet = change("disk/home", Status::Healthy, Status::Unhealthy);
    quiet.silenced = true;
    let mut mild = change("disk/tmp", Status::Healthy, Status::Unhealthy);
    mild.severity = Severity::Warning;
    let loud = change("disk", Status::Healthy, Status::Unhealthy);
    let other = change("net", Status::Healthy, Status::Unhealthy);
    let told = news(vec![quiet, mild, loud, other], vec![]);
    for (settings, expected) in [
        (json!({}), vec!["disk/tmp", "disk", "net"]),
        (
            json!({"silenced": true, "checks": ["disk*"]}),
            vec!["disk/home", "disk/tmp", "disk"],
        ),
        (json!({"checks": ["disk"]}), vec!["disk"]),
        (json!({"severity": "critical"}), vec!["disk", "net"]),
        (json!({"tags": ["db"], "checks": ["net"]}), vec!["net"]),
        (json!({"tags": ["web"]}), vec![]),
    ] {
        let mut webhook = webhook(&receiver, settings.clone()).unwrap();
        webhook.notify(&told).unwrap();
        let bodies = sent(&receiver);
        let transitions = bodies
            .first()
            .and_then(|body| body["transitions"].as_array().cloned());
        let names = transitions.unwrap_or_default();
        let names: Vec<_> = names
            .iter()
            .map(|it| it["check"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "{settings}");
    }
}

#[test]
fn alertmanager_is_told_what_lasts_and_what_has_ended() {
    let receiver = Receiver::new(200);
    let mut webhook =
        webhook(&receiver, json!({"flavour": "alertmanager", "lasts": "1m"})).unwrap();
    let flapped = change("b", Status::Unhealthy, Status::Healthy);
    let ended = change("c", Status::Degraded, Status::Healthy);
    let checks = [
        ("a", Status::Healthy),
        ("b", Status::Degraded),
        ("c", Status::Healthy),
        ("d", Status::Unknown),
    ];
    let checks = checks.map(|(check, status)| standing(check, status));
    webhook
        .notify(&news(vec![flapped, ended], checks.into()))
        .unwrap();
    let taken = receiver.taken();
    assert!(
        taken[0].head.starts_with("post /api/v2/alerts "),
        "{}",
        taken[0].head
    );
    let alerts: Value = serde_json::from_slice(&taken[0].body).unwrap();
    let labels = |check: &str, severity: &str| json!({"alertname": "HealthCheck", "check": check, "severity": severity, "instance": "node1"});
    let mut ended = labels("c", "critical");
    ended["tags"] = json!("db");
    assert_eq!(
        alerts,
        json!([
            {"labels": labels("b", "warning"), "annotations": {"status": "degraded", "summary": "b stands"},
             "startsAt": TIME, "endsAt": "2026-01-02T03:05:05Z"},
            {"labels": ended, "annotations": {"status": "healthy", "summary": "c changed"},
             "startsAt": TIME, "endsAt": TIME},
        ])
    );
    webhook
        .notify(&news(vec![], vec![standing("a", Status::Healthy)]))
        .unwrap();
    assert!(receiver.taken().is_empty());
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let receiver = Receiver::new(200);
    for (settings, why) in [
        (json!({"severity": "dire"}), "severity"),
        (
            json!({"flavour": "alertmanager", "secret_file": "/x"}),
            "secret_file",
        ),
        (json!({"secret_file": "/no/such"}), "/no/such"),
        (json!({"secret_file": "/dev/null"}), "secret_file"),
    ] {
        let error = webhook(&receiver, settings.clone()).map(drop).unwrap_err();
        assert!(error.to_string().contains(why), "{settings}: {error}");
    }
    let error = testing::notifier::<Webhook>(json!({"url": "ftp://x"}))
        .map(drop)
        .unwrap_err();
    assert!(error.to_string().contains("http://"), "{error}");
}

#[test]
fn it_complies() {
    // Nobody is there: the receiver of this process is not that of the examination's.
    let receiver = Receiver::new(200);
    testing::comply("webhook")
        .settings("webhook", json!({ "url": receiver.url() }))
        .assert();
}
