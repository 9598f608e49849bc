//! New versions and new settings of a plugin that runs.

use super::*;
use crate::plugin::{
    Begun, MAX_STATE, State,
    collecting::{begin, refresh},
};
use crate::registry::Selection;

/// Short enough to be waited for.
const SHORT: Duration = Duration::from_millis(20);

#[test]
fn a_new_version_takes_over_and_its_trial_has_brought_values() {
    let bench = Bench::new(1);
    bench.install("1.0.0", &[("one", "works"), ("two", "works")]);
    let before = bench.catalog.components();
    bench.script.asked();
    let gone = bench.install("2.0.0", &[("one", "works"), ("two", "works")]);
    assert_eq!(gone.len(), 2);
    assert!(gone.iter().zip(&before).all(|(a, b)| Arc::ptr_eq(a, b)));
    assert!(bench.value("one").is_some() && bench.value("two").is_some());
    let row = bench.row();
    assert_eq!((row.version.as_str(), row.state), ("2.0.0", "running"));
    // Each has shown that it works, and so the program stays ready.
    for component in bench.catalog.components() {
        assert_eq!(component.record().calls, 1);
    }
    let asked = bench.script.asked();
    assert_eq!(
        asked
            .iter()
            .filter(|one| one.starts_with("collect"))
            .count(),
        2
    );
}

#[tokio::test]
async fn where_one_part_fails_its_trial_all_of_the_old_version_stays() {
    let bench = Bench::new(1);
    bench.install("1.0.0", &[("one", "works"), ("two", "works")]);
    let before = bench.catalog.components();
    let old = bench.row().digest;
    for component in &before {
        begin(component);
        idle(component).await;
    }
    let (one, two) = (bench.value("one"), bench.value("two"));
    for _ in 0..2 {
        let gone = bench.install("2.0.0", &[("one", "works"), ("two", "fails")]);
        // What was made in vain is to be stopped.
        assert_eq!(gone.len(), 2);
        assert!(
            gone.iter()
                .all(|one| !before.iter().any(|old| Arc::ptr_eq(one, old)))
        );
        let now = bench.catalog.components();
        assert!(now.iter().zip(&before).all(|(a, b)| Arc::ptr_eq(a, b)));
        assert_eq!((bench.value("one"), bench.value("two")), (one, two));
        let row = bench.row();
        assert_eq!((row.version.as_str(), row.state), ("1.0.0", "degraded"));
        assert_eq!(row.digest, old);
        assert_eq!(
            row.error.unwrap(),
            "version 2.0.0 was refused: two: told to fail; version 1.0.0 runs on"
        );
        assert!(row.remedy.unwrap().contains("next reload"));
    }
    // Those that stay are called as before.
    for component in &before {
        assert_eq!(begin(component), Begun::Yes);
        idle(component).await;
    }
    assert!(bench.value("one") > one);

    // And the mended version takes over.
    bench.install("2.0.1", &[("one", "works"), ("two", "works")]);
    let row = bench.row();
    assert_eq!((row.version.as_str(), row.state), ("2.0.1", "running"));
    assert_eq!(row.error, None);
}

#[test]
fn one_that_cannot_be_made_leaves_the_one_that_runs() {
    let bench = Bench::new(1);
    let before = bench.component("works");
    assert!(bench.apply(&[("one", "cannot be made")]).is_empty());
    let plugins = bench.catalog.plugins();
    assert!(Arc::ptr_eq(&plugins[0].components[0].component, &before));
    assert_eq!(plugins[0].state(), State::Degraded);
    let row = bench.row();
    assert_eq!(row.components.len(), 1);
    assert_eq!(
        row.error.unwrap(),
        "its changed settings were refused: one: told not to; it runs on with those before"
    );
    // The settings in force are those before: there is nothing to change.
    assert!(bench.apply(&[("one", "works")]).is_empty());
    assert_eq!(bench.row().state, "running");
}

#[test]
fn two_builds_of_one_version_are_told_apart() {
    let bench = Bench::new(1);
    bench.install("1.0.0", &[("one", "works")]);
    let old = bench.row().digest.unwrap();
    let mut other = bench.version("1.0.0");
    other.file = Some(("/plugins/fake.so".into(), "0123456789abcdef".to_owned()));
    let plan = bench.plan_of(&other, &[("one", "fails")], BOUND);
    bench.catalog.apply(&plan, || {});
    let error = bench.row().error.unwrap();
    assert!(
        error.starts_with("version 1.0.0 (01234567) was refused"),
        "{error}"
    );
    assert!(
        error.ends_with(&format!("; version 1.0.0 ({}) runs on", &old[..8])),
        "{error}"
    );
}

/// What is new beside it is no reason for an old version to stay.
#[test]
fn what_replaces_nothing_may_fail() {
    let bench = Bench::new(1);
    bench.install("1.0.0", &[("one", "works")]);
    bench.install("2.0.0", &[("one", "works"), ("two", "cannot be made")]);
    let row = bench.row();
    assert_eq!((row.version.as_str(), row.state), ("2.0.0", "degraded"));
    assert_eq!(row.error.as_deref(), Some("two: told not to"));
}

#[tokio::test]
async fn one_whose_values_are_gone_may_be_replaced_by_one_that_fails_too() {
    let bench = Bench::new(1);
    let before = bench.component("fails");
    begin(&before);
    idle(&before).await;
    bench.install("2.0.0", &[("one", "fails")]);
    assert_eq!(bench.row().version, "2.0.0");
}

#[test]
fn a_trial_that_hangs_ends_at_its_deadline_and_is_not_tried_again_while_it_hangs() {
    let bench = Bench::new(4);
    bench.install("1.0.0", &[("one", "works")]);
    bench.script.shut(true);
    let hangs = bench.version("2.0.0");
    let plan = bench.plan_of(&hangs, &[("one", "waits")], SHORT);
    for _ in 0..3 {
        bench.catalog.apply(&plan, || {});
        let row = bench.row();
        assert_eq!((row.version.as_str(), row.state), ("1.0.0", "degraded"));
        assert!(row.error.unwrap().contains("did not return within 20ms"));
        assert_eq!(bench.calls.hanging(), 1);
    }
    bench.script.shut(false);
    wait_until(|| bench.calls.hanging() == 0);
    let plan = bench.plan_of(&hangs, &[("one", "waits")], BOUND);
    bench.catalog.apply(&plan, || {});
    assert_eq!(bench.row().version, "2.0.0");
}

#[tokio::test]
async fn the_old_one_says_what_it_leaves_before_the_new_one_is_made() {
    let bench = Bench::new(1);
    bench.install("1.0.0", &[("one", "works")]);
    let before = bench.catalog.components().remove(0);
    begin(&before);
    idle(&before).await;
    bench.script.asked();
    *bench.script.leaves.lock().unwrap() = Some(vec![1, 2]);
    bench.install("2.0.0", &[("one", "works")]);
    let order = ["save one", "make from [1, 2] one", "collect one"];
    assert_eq!(bench.script.asked(), order);
}

#[test]
fn one_that_was_never_called_passes_on_what_it_found() {
    let bench = Bench::new(1);
    bench.component("works");
    let order = ["make one", "make one", "collect one"];
    bench.apply(&[("one", "works otherwise")]);
    assert_eq!(bench.script.asked(), order, "it has nothing to say");
}

#[tokio::test]
async fn what_is_too_large_is_not_handed_over() {
    let bench = Bench::new(1);
    let before = bench.component("works");
    begin(&before);
    idle(&before).await;
    bench.script.asked();
    *bench.script.leaves.lock().unwrap() = Some(vec![0; MAX_STATE + 1]);
    bench.apply(&[("one", "works otherwise")]);
    assert_eq!(
        bench.script.asked(),
        ["save one", "make one", "collect one"]
    );
}

/// From what it leaves until the swap is decided it is not called, and nobody takes it for late.
#[tokio::test]
async fn meanwhile_the_old_one_is_not_called_and_is_put_back_if_it_stays() {
    let bench = Arc::new(Bench::new(1));
    let before = bench.component("works");
    begin(&before);
    idle(&before).await;
    bench.script.asked();
    bench.script.shut(true);
    let swap = {
        let bench = Arc::clone(&bench);
        thread::spawn(move || bench.apply(&[("one", "is slow to make"), ("two", "works")]))
    };
    wait_until(|| {
        bench
            .script
            .asked
            .lock()
            .unwrap()
            .contains(&"make one".to_owned())
    });
    assert_eq!(begin(&before), Begun::Busy);
    let components = [Arc::clone(&before)];
    refresh(&components, &Selection::All, Duration::ZERO, BOUND).await;
    assert!(!before.table.status().late);
    assert_eq!(bench.value("one"), Some(1.0));
    bench.script.shut(false);
    swap.join().unwrap();
    assert_eq!(begin(&before), Begun::Busy, "it was replaced");

    let before = bench.catalog.components().remove(0);
    bench.apply(&[("one", "fails")]);
    assert_eq!(begin(&before), Begun::Yes, "it was put back");
    idle(&before).await;
}

#[tokio::test]
async fn a_call_under_way_is_over_before_it_is_asked() {
    let bench = Arc::new(Bench::new(1));
    let before = bench.component("waits");
    bench.script.shut(true);
    begin(&before);
    wait_until(|| bench.script.collected() == 1);
    bench.script.asked();
    let swap = {
        let bench = Arc::clone(&bench);
        thread::spawn(move || bench.apply(&[("one", "works")]))
    };
    bench.script.shut(false);
    swap.join().unwrap();
    assert_eq!(
        bench.script.asked(),
        ["save one", "make one", "collect one"]
    );
}

#[test]
fn one_that_hangs_leaves_nothing_and_is_replaced_all_the_same() {
    let bench = Bench::new(1);
    let plan = bench.plan_of(&bench.version("1.0.0"), &[("one", "waits")], SHORT);
    bench.catalog.apply(&plan, || {});
    let before = bench.catalog.components().remove(0);
    bench.script.shut(true);
    begin(&before);
    wait_until(|| bench.script.collected() == 1);
    wait_until(|| before.overdue(Instant::now()));
    bench.script.asked();
    bench.install("2.0.0", &[("one", "works")]);
    assert_eq!(bench.row().version, "2.0.0");
    assert!(!bench.script.asked().contains(&"save one".to_owned()));
    bench.script.shut(false);
    wait_until(|| bench.calls.hanging() == 0);
}

/// The process of a plugin ends with the last who holds it.
#[tokio::test]
async fn nobody_holds_a_version_that_was_replaced_or_refused() {
    let bench = Bench::new(1);
    let old = bench.version("1.0.0");
    let held = Arc::downgrade(&old.plugin);
    let plan = bench.plan_of(&old, &[("one", "works")], BOUND);
    drop(old);
    bench.catalog.apply(&plan, || {});
    // Read again, the same code is one more plugin, which goes at once.
    let again = bench.version("1.0.0");
    let (not_used, same) = (
        Arc::downgrade(&again.plugin),
        bench.plan_of(&again, &[("one", "works")], BOUND),
    );
    drop((plan, again));
    bench.catalog.apply(&same, || {});
    drop(same);
    assert_eq!(
        (held.strong_count() > 0, not_used.strong_count()),
        (true, 0)
    );

    let refused = bench.version("2.0.0");
    let not_taken = Arc::downgrade(&refused.plugin);
    let plan = bench.plan_of(&refused, &[("one", "fails")], BOUND);
    drop(refused);
    let gone = bench.catalog.apply(&plan, || {});
    drop(plan);
    for component in &gone {
        component.stop(Instant::now() + BOUND).await;
    }
    wait_until(|| not_taken.strong_count() == 0);

    let gone = bench.install("3.0.0", &[("one", "works")]);
    for component in &gone {
        component.stop(Instant::now() + BOUND).await;
    }
    wait_until(|| held.strong_count() == 0);
}
