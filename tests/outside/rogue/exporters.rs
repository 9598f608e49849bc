//! Exporters.

use gaxx_tests::wait_until;

use super::{Rogue, expect_explained};

const CONFIG: &str = "exporters:
  export-panics: {interval: 1s}
  export-hangs: {interval: 1s, deadline: 1s, queue: 2, spool: {enabled: false}}
  export-fails: {interval: 1s, queue: 2, spool: {enabled: false}}
  export-refuses: {interval: 1s}
plugins: {rogue: {interval: 1s}}
";

#[test]
fn one_that_misbehaves_holds_up_no_other() {
    let rogue = Rogue::start("export-hangs,export-fails,export-refuses", CONFIG);
    // Not told to panic, this one is well.
    wait_outcome(&rogue, "export-panics", "sent", 5.0);

    expect_explained(&rogue.wait_state("export-hangs", "stuck"));
    rogue.wait_failures("export-hangs", "deadline", 1.0);
    wait_outcome(&rogue, "export-hangs", "dropped", 2.0);
    assert_eq!(outcome(&rogue, "export-hangs", "sent"), 0.0);

    wait_outcome(&rogue, "export-refuses", "rejected", 3.0);
    assert_eq!(outcome(&rogue, "export-refuses", "retried"), 0.0);

    // It is left alone for longer and longer, while batches come every second.
    wait_outcome(&rogue, "export-fails", "retried", 2.0);
    wait_until("more batches are dropped than tries made", || {
        outcome(&rogue, "export-fails", "dropped") > outcome(&rogue, "export-fails", "retried")
    });
    let scrape = rogue.metrics();
    for name in ["export-hangs", "export-fails"] {
        let queue = scrape.value("gaxx_export_queue_batches", &[("exporter", name)]);
        assert!(queue.is_some_and(|batches| batches <= 2.0), "{queue:?}");
    }
    rogue.wait_calls("calm", 2);
    rogue.expect_sound();

    // What failed for a while is sent in the end.
    rogue.tell("export-hangs,export-panics");
    wait_outcome(&rogue, "export-fails", "sent", 1.0);
    wait_outcome(&rogue, "export-refuses", "sent", 1.0);
    rogue.wait_failures("export-panics", "panic", 1.0);
    let lines = rogue.log_with(&["component=rogue/export-panics", "told to panic"]);
    assert_eq!(lines.len(), 1, "{lines:#?}");
}

#[track_caller]
fn outcome(rogue: &Rogue, exporter: &str, outcome: &str) -> f64 {
    let labels = [("exporter", exporter), ("outcome", outcome)];
    let value = rogue.metrics().value("gaxx_export_batches_total", &labels);
    value.unwrap_or_else(|| panic!("no count of {exporter} {outcome}"))
}

#[track_caller]
fn wait_outcome(rogue: &Rogue, exporter: &str, wanted: &str, least: f64) {
    wait_until(&format!("batches of {exporter} are {wanted}"), || {
        outcome(rogue, exporter, wanted) >= least
    });
}
