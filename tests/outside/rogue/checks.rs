//! Health checks.

use gaxx_tests::wait_until;
use serde_json::Value;

use super::{QUICK, Rogue, expect_explained, in_both};

#[test]
fn one_that_fails_is_unknown_and_degrades_the_whole() {
    let rogue = Rogue::start("check-panics,check-errors,check-hangs,bad-verdict", QUICK);
    for (name, text) in [
        ("check-panics", "told to panic"),
        ("check-errors", "told to fail"),
        ("check-hangs", "did not return within 1s"),
        ("bad-verdict", "A status that is not defined."),
    ] {
        let report = wait_check(&rogue, name, "unknown");
        let message = report["message"].as_str().unwrap();
        assert!(message.contains(text), "{report}");
    }
    rogue.wait_failures("check-panics", "panic", 2.0);
    rogue.wait_failures("check-errors", "error", 2.0);
    rogue.wait_failures("check-hangs", "deadline", 1.0);
    expect_explained(&rogue.wait_state("check-hangs", "stuck"));
    let health = rogue.get("/health").expect(200).json();
    assert_eq!(health["status"], "degraded", "{health}");
    let check = [("check", "rogue/check-panics"), ("status", "unknown")];
    let status = rogue.metrics().value("gaxx_health_check_status", &check);
    assert_eq!(status, Some(1.0));
    rogue.wait_calls("check-errors", 3);
    assert_eq!(rogue.calls("check-hangs"), 1);
    rogue.expect_sound();

    rogue.tell("check-hangs");
    for name in ["check-panics", "check-errors", "bad-verdict"] {
        wait_check(&rogue, name, "healthy");
    }
}

#[test]
fn one_that_raves_is_heard_in_moderation() {
    in_both("check-raves", QUICK, &[], |rogue| {
        let report = wait_check(&rogue, "check-raves", "unhealthy");
        let message = report["message"].as_str().unwrap();
        assert!(message.starts_with("<script>"), "{message}");
        assert!(report.to_string().len() < 20_000);
        let plain = |text: &str| !text.chars().any(char::is_control);
        assert!(plain(message));
        for (name, value) in report["details"].as_object().unwrap() {
            assert!(plain(name) && plain(value.as_str().unwrap()));
        }
        assert_eq!(rogue.get("/health").status, 503);
        rogue.wait_calls("check-raves", 3);
        let lines = rogue.log_with(&["check=\"rogue/check-raves\""]);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        rogue.expect_sound();
    });
}

/// A change needs two results in a row, and one that hangs gives no second one of itself.
#[test]
fn one_that_was_well_and_hangs_does_not_stay_well() {
    let rogue = Rogue::start("", QUICK);
    wait_check(&rogue, "check-hangs", "healthy");
    rogue.tell("check-hangs");
    let report = wait_check(&rogue, "check-hangs", "unknown");
    assert!(
        report["message"]
            .as_str()
            .unwrap()
            .contains("did not return within 1s"),
        "{report}"
    );
    rogue.expect_sound();
}

/// Waits until a check is in this state, and gives its report.
#[track_caller]
fn wait_check(rogue: &Rogue, name: &str, status: &str) -> Value {
    let name = format!("rogue/{name}");
    let report = || {
        let mut checks = rogue.checks().into_iter();
        checks.find(|check| check["name"] == name.as_str())
    };
    wait_until(&format!("{name} is {status}"), || {
        report()
            .is_some_and(|report| report["status"] == status && report["last_checked"].is_string())
    });
    report().unwrap()
}
