//! Components that cannot be made.

use super::{QUICK, Rogue, expect_explained};

#[test]
fn one_that_cannot_be_made_is_a_failed_row_and_the_rest_runs() {
    let rogue = Rogue::start("panics-when-made,fails-when-made,hangs-when-made", QUICK);
    // It listens although a constructor hangs, and gives that up in the end.
    rogue.wait_ready();
    for (name, reason, text) in [
        ("panics-when-made", "panic", "told to panic"),
        ("fails-when-made", "settings", "told to fail"),
        ("hangs-when-made", "deadline", "was not made within 5s"),
    ] {
        let row = rogue.component(name);
        assert_eq!(row["state"], "failed", "{row}");
        assert!(row["error"].as_str().unwrap().contains(text), "{row}");
        expect_explained(&row);
        assert_eq!(rogue.failures(name, reason), 1.0, "{name}");
        let component = format!("component=rogue/{name}");
        let lines = rogue.log_with(&[&component]);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].contains(text), "{lines:#?}");
    }
    let row = rogue.plugin("rogue").unwrap();
    assert_eq!(row["state"], "degraded", "{row}");
    rogue.wait_calls("calm", 2);
    rogue.expect_sound();
}

/// A collector that is not there does not deliver.
#[test]
fn the_check_of_collectors_tells_of_it() {
    let rogue = Rogue::start("fails-when-made", "health: {interval: 1s}\n");
    gaxx_tests::wait_until("the check of collectors is degraded", || {
        let checks = rogue.checks();
        let check = checks.iter().find(|check| check["name"] == "collectors");
        check.is_some_and(|check| {
            let message = check["message"].as_str().unwrap();
            check["status"] == "degraded" && message.contains("rogue/fails-when-made")
        })
    });
}
