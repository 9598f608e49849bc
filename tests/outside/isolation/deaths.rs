//! Every way to end: it is named, and the plugin comes back.

use gaxx_tests::{Process, wait_until};

use super::{QUICK, all_the_while};
use crate::rogue::{Rogue, expect_explained};

const CRASH: &str = "crash";
const DEADLINE: &str = "deadline";

/// Has a component misbehave, expects its row to say so, and waits until all is well again.
#[track_caller]
fn expect_named(rogue: &Rogue, name: &str, reason: &str, text: &str) {
    println!("{name}");
    rogue.tell("");
    rogue.wait_well();
    let (restarts, failures) = (rogue.restarts(), rogue.failures(name, reason));
    rogue.tell(name);
    wait_until(&format!("{name} says {text:?}"), || {
        let row = rogue.component(name);
        row["error"]
            .as_str()
            .is_some_and(|error| error.contains(text))
    });
    let row = rogue.component(name);
    expect_explained(&row);
    rogue.wait_failures(name, reason, failures + 1.0);
    wait_until("the process is started again", || {
        rogue.restarts() > restarts
    });
    let row = rogue.plugin("rogue").unwrap();
    assert!(
        ["degraded", "running"].contains(&row["state"].as_str().unwrap()),
        "{row}"
    );
    rogue.tell("");
    rogue.wait_well();
    wait_until(&format!("{name} works again"), || {
        rogue.component(name)["state"] == "running"
    });
}

#[test]
fn what_a_collector_does_to_its_process_is_named() {
    let rogue = Rogue::isolated("", QUICK);
    all_the_while(&rogue, || {
        for (name, text) in [
            ("segfaults", "ended by signal 11 (SIGSEGV"),
            ("aborts", "ended by signal 6 (SIGABRT"),
            ("exits", "exited with status 0 though nobody asked it to"),
            ("overflows", "stack overflow"),
        ] {
            expect_named(&rogue, name, CRASH, text);
        }
    });
}

#[test]
fn one_that_does_not_come_back_is_ended_and_started_again() {
    let rogue = Rogue::isolated("", QUICK);
    all_the_while(&rogue, || {
        for name in ["hangs", "spins", "stands-still"] {
            expect_named(&rogue, name, DEADLINE, "did not answer within 1s");
        }
    });
}

#[test]
fn what_it_does_to_its_sockets_is_named() {
    let config = QUICK.replace("deadline: 1s", "deadline: 1m");
    let rogue = Rogue::isolated("", &config);
    all_the_while(&rogue, || {
        expect_named(&rogue, "garbles", CRASH, "broke the protocol");
        // Which of its sockets is missed first, and by whom, is a matter of luck.
        expect_named(&rogue, "closes-files", CRASH, "its process was ended");
        // Four million points are more than a message may hold.
        expect_named(&rogue, "many-points", CRASH, "over the limit");
    });
}

#[test]
fn what_it_may_use_is_limited() {
    let config = QUICK.replace("process: {", "process: {memory: 256MiB, cpu: 2s, ");
    let rogue = Rogue::isolated("", &config);
    all_the_while(&rogue, || {
        let memory = "memory allocation of 16777216 bytes failed";
        expect_named(&rogue, "eats-memory", CRASH, memory);
        let floods = "asked its host more than";
        expect_named(&rogue, "asks-much", CRASH, floods);
        let burns = "more CPU time than plugins.rogue.process.cpu allows";
        expect_named(&rogue, "burns-time", CRASH, burns);
    });
}

/// More series than it may have, and that without a pause.
#[test]
fn one_that_floods_the_registry_harms_itself() {
    let config = QUICK.replace("deadline: 1s", "deadline: 1s, max_series: 100");
    let rogue = Rogue::isolated("floods", &config);
    all_the_while(&rogue, || {
        let refused = || {
            let refused = [("plugin", "rogue")];
            let name = "gaxx_plugin_refused_series_total";
            rogue.metrics().value(name, &refused)
        };
        wait_until("series are refused", || {
            refused().is_some_and(|refused| refused >= 1000.0)
        });
        let series = rogue.metrics().samples("rogue_flood").len();
        assert!(series <= 100, "{series} series");
    });
    rogue.tell("");
    rogue.wait_well();
}

#[test]
fn checks_and_exporters_are_no_different() {
    let exporters =
        "exporters: {export-aborts: {interval: 1s}, export-hangs: {interval: 1s, deadline: 1s}}\n";
    let rogue = Rogue::isolated("", &format!("{QUICK}{exporters}"));
    all_the_while(&rogue, || {
        for (name, reason, text) in [
            ("check-aborts", CRASH, "SIGABRT"),
            ("check-hangs", DEADLINE, "did not answer within 1s"),
            ("export-aborts", CRASH, "SIGABRT"),
            ("export-hangs", DEADLINE, "did not answer within 1s"),
        ] {
            expect_named(&rogue, name, reason, text);
        }
    });
    let sent = [("exporter", "export-aborts"), ("outcome", "sent")];
    let sent = rogue.metrics().value("gaxx_export_batches_total", &sent);
    assert!(sent.is_some_and(|batches| batches > 0.0));
}

/// The others are made in the next process, and it is not.
#[test]
fn one_that_dies_when_it_is_made_takes_nobody_along() {
    for (told, text) in [
        ("aborts-when-made", "SIGABRT"),
        ("hangs-when-made", "did not answer within 5s"),
        ("panics-when-made", "told to panic"),
    ] {
        let rogue = Rogue::isolated(told, QUICK);
        wait_until(&format!("{told} says {text:?}"), || {
            let row = rogue.component(told);
            let error = row["error"].as_str();
            row["state"] == "failed" && error.is_some_and(|error| error.contains(text))
        });
        expect_explained(&rogue.component(told));
        rogue.wait_state("calm", "running");
        rogue.wait_calls("calm", 2);
        rogue.expect_sound();
    }
}

/// Nobody is left who could be asked what it was.
#[test]
fn one_that_dies_when_it_is_stopped_holds_up_nothing() {
    let mut rogue = Rogue::isolated("aborts-when-stopped", QUICK);
    rogue.wait_calls("ends-badly", 1);
    let process = rogue.wait_process();
    rogue.signal(rustix::process::Signal::TERM);
    assert_eq!(rogue.wait_exit(gaxx_tests::BOUND).code(), Some(0));
    assert!(rogue.log_contains("stopped"), "{:?}", rogue.log());
    super::wait_gone(process);
}

/// It has failed: it is left alone for long, and says so.
#[test]
fn one_that_dies_again_and_again_is_left_alone() {
    let config = QUICK.replace("restarts: 1000000", "restarts: 2, retry: 1h");
    let rogue = Rogue::isolated("aborts", &config);
    all_the_while(&rogue, || {
        wait_until("it has failed", || {
            rogue.plugin("rogue").unwrap()["state"] == "failed"
        });
        let row = rogue.plugin("rogue").unwrap();
        assert!(row["error"].as_str().unwrap().contains("SIGABRT"), "{row}");
        expect_explained(&row);
        assert_eq!(row["process"]["restarts"], 2, "{row}");
        assert!(row["process"]["pid"].is_null(), "{row}");
        let children = Process(rogue.pid()).children();
        assert!(children.is_empty(), "{children:?}");
        // Who asks is told when it is tried again.
        wait_until("a call says so", || {
            let row = rogue.component("calm");
            row["error"]
                .as_str()
                .is_some_and(|error| error.contains("started again in"))
        });
    });
}
