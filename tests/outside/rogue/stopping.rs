//! The end, with components that do not want it.

use gaxx_tests::BOUND;
use rustix::process::Signal;

use super::{QUICK, Rogue};

#[test]
fn it_ends_in_spite_of_all_that_hangs() {
    let config = format!("{QUICK}exporters: {{export-hangs: {{interval: 1s, deadline: 1s}}}}\n");
    let told = "hangs,spins,check-hangs,export-hangs,hangs-when-made,hangs-when-stopped";
    let mut rogue = Rogue::start(told, &config);
    for name in ["hangs", "spins", "check-hangs", "export-hangs"] {
        rogue.wait_state(name, "stuck");
    }
    rogue.signal(Signal::TERM);
    assert_eq!(rogue.wait_exit(BOUND).code(), Some(0));
    assert!(rogue.log_contains("stopped"), "{:?}", rogue.log());
}

#[test]
fn a_panic_at_the_end_is_told_and_goes_no_further() {
    let mut rogue = Rogue::start("panics-when-dropped", QUICK);
    rogue.wait_calls("ends-badly", 1);
    rogue.signal(Signal::TERM);
    assert_eq!(rogue.wait_exit(BOUND).code(), Some(0));
    let lines = rogue.log_with(&["told to panic"]);
    assert_eq!(lines.len(), 1, "{:?}", rogue.log());
    assert!(rogue.log_contains("stopped"), "{:?}", rogue.log());
}

/// While the program lives on, a component that is taken out may hang as it likes.
#[test]
fn one_that_hangs_when_it_is_taken_out_is_left_behind() {
    let mut rogue = Rogue::start("hangs-when-stopped", QUICK);
    rogue.wait_calls("ends-badly", 1);
    rogue.rewrite_config(
        "plugins:\n  rogue:\n    interval: 1s\n    components: {ends-badly: {enabled: false}}\n",
    );
    rogue.signal(Signal::HUP);
    let row = rogue.wait_state("ends-badly", "disabled");
    assert_eq!(row["calls"], 0, "{row}");
    rogue.wait_calls("calm", 2);
    rogue.expect_sound();
}
