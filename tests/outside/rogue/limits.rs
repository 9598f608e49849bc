//! The limit of threads that hang.

use gaxx_tests::wait_until;

use super::Rogue;

/// What has proved itself goes on; what has not may be the next that hangs.
#[test]
fn while_as_many_hang_as_may_only_those_are_called_that_have_worked() {
    let config = "limits: {max_stuck_threads: 1}\n\
                  plugins: {rogue: {interval: 1s, deadline: 1s}}\n";
    let rogue = Rogue::start("hangs,errors", config);
    rogue.wait_state("hangs", "stuck");
    rogue.wait_failures("errors", "stuck", 2.0);
    let row = rogue.component("errors");
    let error = row["error"].as_str().unwrap();
    assert!(error.contains("not called"), "{row}");
    let remedy = row["remedy"].as_str().unwrap();
    assert!(remedy.contains("limits.max_stuck_threads"), "{row}");
    rogue.wait_calls("calm", 3);
    rogue.expect_sound();
}

/// More hang than may: at most the limit and the working threads.
#[test]
fn threads_are_bounded_and_reloads_add_none() {
    let mut rogue = Rogue::start(
        "hangs,spins,check-hangs,hangs-when-made",
        "plugins: {rogue: {interval: 1s, deadline: 1s}}\nhealth: {timeout: 1s}\n",
    );
    for name in ["hangs", "spins", "check-hangs"] {
        rogue.wait_state(name, "stuck");
    }
    rogue.wait_failures("hangs-when-made", "deadline", 1.0);
    rogue.wait_calls("calm", 2);
    let before = rogue.plugin_threads();
    let reloads = |rogue: &Rogue| rogue.log_with(&["was read again"]).len();
    for done in 0..5 {
        rogue.signal(rustix::process::Signal::HUP);
        wait_until("the reload is over", || reloads(&rogue) > done);
    }
    // One that hangs while it is made is not made again before that is over.
    assert_eq!(rogue.failures("hangs-when-made", "deadline"), 1.0);
    let after = rogue.plugin_threads();
    assert!(after < before + 4, "{before} threads before, {after} after");
    rogue.expect_sound();
}
