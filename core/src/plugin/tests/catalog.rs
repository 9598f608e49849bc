//! Changes of the catalog, and how it is shown.

use serde_json::json;

use super::*;
use crate::plugin::{Begun, Failed, State, Usage, collecting::begin};

#[tokio::test]
async fn what_stays_the_same_stays_and_what_changed_is_made_anew() {
    let bench = Bench::new(1);
    bench.apply(&[("one", "works"), ("two", "works")]);
    let before = bench.catalog.components();
    assert!(bench.catalog.is_settled());
    assert!(
        bench
            .apply(&[("one", "works"), ("two", "works")])
            .is_empty()
    );
    assert_eq!(bench.script.made.load(Ordering::SeqCst), 2);

    let gone = bench.apply(&[("one", "works"), ("two", "works otherwise")]);
    let after = bench.catalog.components();
    assert!(Arc::ptr_eq(&before[0], &after[0]));
    assert!(!Arc::ptr_eq(&before[1], &after[1]));
    assert_eq!(gone.len(), 1);
    assert!(Arc::ptr_eq(&gone[0], &before[1]));
    // The old one is not called any more, and the new one's trial has brought values.
    assert_eq!(begin(&gone[0]), Begun::Busy);
    assert_eq!(bench.value("two"), Some(1.0));
    // Its values are there a moment before the call is over.
    idle(&after[1]).await;
    assert_eq!(begin(&after[1]), Begun::Yes);
    idle(&after[1]).await;
    assert_eq!(bench.value("two"), Some(2.0));
}

#[tokio::test]
async fn what_is_not_wanted_any_more_is_gone_with_its_series() {
    let bench = Bench::new(1);
    let component = bench.component("works");
    begin(&component);
    idle(&component).await;
    assert!(bench.value("one").is_some());
    let gone = bench.apply(&[]);
    assert!(Arc::ptr_eq(&gone[0], &component));
    assert!(bench.catalog.components().is_empty());
    assert_eq!(bench.value("one"), None);
}

#[test]
fn a_plugin_of_which_nothing_can_be_made_has_failed() {
    let bench = Bench::new(1);
    bench.apply(&[("one", "cannot be made")]);
    let plugins = bench.catalog.plugins();
    assert_eq!(plugins[0].state(), State::Failed);
    let row = PluginRow::of(&plugins[0]);
    assert_eq!((row.state, row.components[0].state), ("failed", "failed"));
    // It is tried again at the next occasion.
    bench.apply(&[("one", "cannot be made")]);
    assert_eq!(bench.script.made.load(Ordering::SeqCst), 2);
}

/// Such as a damaged copy of a built-in plugin, which goes on.
#[test]
fn a_refused_library_of_the_same_name_disturbs_nothing() {
    let bench = Bench::new(1);
    let mut plan = bench.plan(&[("one", "works")]);
    plan.failed.push(Failed {
        name: "fake".to_owned(),
        file: "fake.so".into(),
        reason: "truncated".to_owned(),
        error: "it is cut off".to_owned(),
        remedy: "copy it again".to_owned(),
    });
    for _ in 0..2 {
        assert!(bench.catalog.apply(&plan, || {}).is_empty());
    }
    assert_eq!(bench.script.made.load(Ordering::SeqCst), 1);
    let plugins = bench.catalog.plugins();
    let rows: Vec<_> = plugins.iter().map(|plugin| PluginRow::of(plugin)).collect();
    let mut states: Vec<_> = rows.iter().map(|row| row.state).collect();
    states.sort_unstable();
    assert_eq!(states, ["failed", "running"]);
    let failed = rows.iter().find(|row| row.state == "failed").unwrap();
    assert_eq!(failed.remedy.as_deref(), Some("copy it again"));
    assert_eq!(failed.file.as_deref(), Some("fake.so"));
}

#[tokio::test]
async fn a_row_tells_of_the_last_failure() {
    let bench = Bench::new(1);
    let component = bench.component("fails");
    begin(&component);
    idle(&component).await;
    let row = PluginRow::of(&bench.catalog.plugins()[0]);
    assert_eq!((row.state, row.calls, row.failures), ("degraded", 1, 1));
    assert_eq!(row.error.as_deref(), Some("one: told to fail"));
    assert_eq!(row.components[0].last_success, None);
}

#[tokio::test]
async fn each_instance_costs_what_its_own_components_do() {
    let bench = Bench::new(1);
    let mut plan = bench.plan(&[("one", "works"), ("two", "fails")]);
    plan.plugins[0].wants[1].owner.instance = "other".to_owned();
    bench.catalog.apply(&plan, || {});
    for component in bench.catalog.components() {
        begin(&component);
        idle(&component).await;
    }
    let usage = Usage::of(&bench.catalog.plugins()[0]);
    let mut told = serde_json::to_value(usage).unwrap();
    for row in told.as_array_mut().unwrap() {
        assert!(row["call_seconds"].take().as_f64().unwrap() > 0.0);
    }
    let row = |instance: &str, state: &str, failures: u32| {
        json!({
            "plugin": "fake",
            "instance": instance,
            "state": state,
            "process_id": null,
            "calls": 1,
            "failures": failures,
            "call_seconds": null,
            "resident_bytes": null,
            "cpu_seconds": null,
        })
    };
    assert_eq!(
        told,
        json!([row("", "running", 0), row("other", "degraded", 1)])
    );
}
