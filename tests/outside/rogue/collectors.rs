//! Collectors.

use std::io::{BufRead, BufReader};
use std::sync::Barrier;
use std::thread;

use gaxx_tests::{Monitor, wait_until};

use super::{QUICK, Rogue, expect_explained, in_both};

#[test]
fn each_way_to_fail_is_told_apart_and_the_rest_is_served() {
    in_both("panics,errors,raves", QUICK, &[], |rogue| {
        for (component, reason, text) in [
            ("panics", "panic", "told to panic"),
            ("errors", "error", "told to fail"),
            ("raves", "error", "<script>"),
        ] {
            // Again and again: it is called in spite of its failures.
            rogue.wait_failures(component, reason, 3.0);
            let row = rogue.component(component);
            assert_eq!(row["state"], "degraded", "{row}");
            assert!(row["error"].as_str().unwrap().contains(text), "{row}");
            expect_explained(&row);
            // Once, not at every call.
            let name = format!("component=rogue/{component} ");
            let lines = rogue.log_with(&[&name]);
            assert_eq!(lines.len(), 1, "{lines:#?}");
            assert!(lines[0].contains(text), "{lines:#?}");
        }
        let scrape = rogue.metrics();
        for name in ["rogue_panics_total", "rogue_errors_total"] {
            assert_eq!(scrape.value(name, &[]), None, "it never delivered {name}");
        }
        let row = rogue.plugin("rogue").unwrap();
        assert_eq!(row["state"], "degraded", "{row}");
        let state = [("plugin", "rogue"), ("state", "degraded")];
        assert_eq!(scrape.value("gaxx_plugin_state", &state), Some(1.0));
        rogue.wait_state("calm", "running");
        rogue.expect_sound();
    });
}

#[test]
fn one_that_hangs_is_stuck_is_not_called_again_and_disturbs_nobody() {
    let mut rogue = Rogue::start("hangs,spins", QUICK);
    for name in ["hangs", "spins"] {
        let row = rogue.wait_state(name, "stuck");
        expect_explained(&row);
        rogue.wait_failures(name, "deadline", 1.0);
    }
    let threads = rogue.plugin_threads();
    rogue.wait_calls("calm", 5);
    for name in ["hangs", "spins"] {
        assert_eq!(rogue.calls(name), 1, "{name} was called while it hangs");
        let late = [("plugin", "rogue"), ("component", name)];
        let late = rogue.metrics().value("gaxx_plugin_component_late", &late);
        assert_eq!(late, Some(1.0));
    }
    // Two threads stay beside those that hang; a slow machine may lend one or two more.
    assert!(
        threads < 10 && rogue.plugin_threads() < 10,
        "{threads} threads"
    );
    assert_eq!(rogue.plugin("rogue").unwrap()["state"], "stuck");
    assert_eq!(expect_events(&rogue, 2), 2);
    rogue.expect_sound();

    rogue.signal(rustix::process::Signal::TERM);
    assert_eq!(rogue.wait_exit(gaxx_tests::BOUND).code(), Some(0));
    assert!(rogue.log_contains("stopped"), "{:?}", rogue.log());
}

/// So many states of the dashboard's stream.
fn expect_events(monitor: &Monitor, count: usize) -> usize {
    let (status, _, events) = monitor.request("GET", "/api/events").open().unwrap();
    assert_eq!(status, 200);
    let lines = BufReader::new(events).lines().map_while(Result::ok);
    lines
        .filter(|line| line.starts_with("data:"))
        .take(count)
        .count()
}

#[test]
fn one_that_works_again_is_welcome() {
    in_both("panics", QUICK, &[], |rogue| {
        rogue.wait_state("panics", "degraded");
        rogue.tell("");
        let row = rogue.wait_state("panics", "running");
        assert!(row["error"].is_null() && row["remedy"].is_null(), "{row}");
        wait_until("its values are there", || {
            rogue.value("rogue_panics_total").is_some()
        });
        let lines = rogue.log_with(&["component=rogue/panics", "works again"]);
        assert_eq!(lines.len(), 1, "{:?}", rogue.log());
    });
}

#[test]
fn the_last_values_of_one_that_fails_are_kept() {
    in_both(
        "",
        "plugins: {rogue: {interval: 1s, keep_values: 1h}}\n",
        &[],
        |rogue| {
            wait_until("it has delivered", || {
                rogue.value("rogue_errors_total").is_some()
            });
            rogue.tell("errors");
            rogue.wait_failures("errors", "error", 3.0);
            assert!(rogue.value("rogue_errors_total").is_some());
        },
    );
}

#[test]
fn they_go_after_the_stated_time_and_come_back() {
    let config = "plugins: {rogue: {interval: 1s, deadline: 1s, keep_values: 2s}}\n";
    let rogue = Rogue::start("", config);
    let delivers = |name: &str| rogue.value(name).is_some();
    for name in ["rogue_errors_total", "rogue_hangs_total"] {
        wait_until("it has delivered", || delivers(name));
    }
    rogue.tell("errors,hangs");
    for name in ["rogue_errors_total", "rogue_hangs_total"] {
        wait_until("its values have gone", || !delivers(name));
    }
    assert!(delivers("rogue_calm_total"));
    rogue.tell("hangs");
    wait_until("its values are back", || delivers("rogue_errors_total"));
}

/// Each collection takes 3 s.
#[test]
fn scrapes_at_one_time_share_a_slow_collection() {
    const SCRAPES: usize = 8;
    let config = "plugins: {rogue: {interval: 1h}}\nscrape: {max_age: 1ms, timeout: 10s}\n";
    let rogue = Rogue::start("slow", config);
    rogue.wait_ready();
    let before = rogue.calls("slow");
    let together = Barrier::new(SCRAPES);
    let values: Vec<_> = thread::scope(|scope| {
        let scrape = || {
            together.wait();
            rogue.value("rogue_slow_total").unwrap()
        };
        let scrapes: Vec<_> = (0..SCRAPES).map(|_| scope.spawn(scrape)).collect();
        scrapes
            .into_iter()
            .map(|scrape| scrape.join().unwrap())
            .collect()
    });
    let made = rogue.calls("slow") - before;
    assert!(
        (1..SCRAPES as u64).contains(&made),
        "{made} collections for {values:?}"
    );
    assert!(values.iter().all(|value| *value > 1.0), "{values:?}");
}

#[test]
fn a_scrape_that_may_not_wait_gets_the_last_values_marked_as_late() {
    let config = "plugins: {rogue: {interval: 1h}}\nscrape: {timeout: 100ms}\n";
    let rogue = Rogue::start("slow", config);
    rogue.wait_ready();
    assert_eq!(rogue.calls("slow"), 1);
    wait_until("a scrape finds the values too old", || {
        let scrape = rogue.metrics();
        let late = [("plugin", "rogue"), ("component", "slow")];
        assert!(scrape.value("rogue_slow_total", &[]).is_some());
        scrape.value("gaxx_plugin_component_late", &late) == Some(1.0)
    });
    wait_until("what the scrape began ends", || rogue.calls("slow") >= 2);
}

#[test]
fn one_that_floods_is_cut_off_at_its_budget() {
    let config = "plugins: {rogue: {interval: 1s, max_series: 100}}\n";
    let rogue = Rogue::start("floods", config);
    let refused = || {
        let refused = rogue.metrics();
        refused.value("gaxx_plugin_refused_series_total", &[("plugin", "rogue")])
    };
    wait_until("series are refused", || {
        refused().is_some_and(|refused| refused >= 1000.0)
    });
    let scrape = rogue.metrics();
    let flood = scrape.samples("rogue_flood").len();
    assert!((1..=100).contains(&flood), "{flood} series");
    let row = rogue.plugin("rogue").unwrap();
    assert!(row["series"].as_u64().unwrap() <= 100, "{row}");
    let lines = rogue.log_with(&["component=rogue/floods"]);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(
        lines[0].contains("100 series") && lines[0].contains("max_series"),
        "{lines:#?}"
    );
    assert_eq!(rogue.plugin("system").unwrap()["state"], "running");
    assert!(rogue.value("node_load1").is_some());
}

#[test]
fn points_of_series_that_are_not_its_own_are_ignored_and_counted() {
    // Four million points take their time.
    let config = "plugins: {rogue: {interval: 1s, deadline: 1m}}\n";
    let rogue = Rogue::start("bad-points,many-points", config);
    for component in ["bad-points", "many-points"] {
        let labels = [("plugin", "rogue"), ("component", component)];
        let name = "gaxx_plugin_component_ignored_points_total";
        wait_until("points are ignored", || {
            rogue.metrics().value(name, &labels).unwrap_or(0.0) > 0.0
        });
        assert_eq!(rogue.component(component)["state"], "running");
    }
    rogue.expect_sound();
}

#[test]
fn odd_values_and_labels_are_served_as_they_are() {
    in_both("", QUICK, &[], |rogue| {
        wait_until("they are there", || {
            rogue.metrics().families.contains_key("rogue_odd")
        });
        let scrape = rogue.metrics();
        let value = |which| scrape.value("rogue_odd", &[("which", which)]).unwrap();
        assert!(value("nan").is_nan());
        assert_eq!(value("infinity"), f64::INFINITY);
        assert_eq!(value("minus infinity"), f64::NEG_INFINITY);
        assert!(value("minus zero").is_sign_negative());
        assert_eq!(value("huge"), f64::MAX);
        assert_eq!(value("tiny"), 5e-324);
        assert_eq!(value("quote \" backslash \\ line\nfeed <b>"), 1.0);
        let json = rogue.get("/api/metrics").json();
        let odd = json.as_array().unwrap().iter();
        assert_eq!(
            odd.filter(|metric| metric["name"] == "rogue_odd").count(),
            7
        );
    });
}

#[test]
fn one_that_logs_too_much_is_cut_off_and_named() {
    in_both("logs-much", QUICK, &[], |mut rogue| {
        rogue.wait_log("logs more than");
        rogue.wait_calls("logs-much", 3);
        let calls = rogue.calls("logs-much");
        let lines = rogue.log_with(&["component=rogue/logs-much"]);
        let written = usize::try_from(calls).unwrap() * 10_000;
        assert!(
            lines.len() < written / 10,
            "{} lines of {written}",
            lines.len()
        );
        rogue.expect_sound();
    });
}
