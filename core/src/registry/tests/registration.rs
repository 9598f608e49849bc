//! What may be registered, and how much.

use std::time::SystemTime;

use gaxx_abi::{Fault, Point, fault, metric::kind};

use super::{NO_LABELS, component, gauge, plugins_text, registry, slot, spec};
use crate::registry::{Limits, Owner, RegisterError, Registry};

#[test]
fn names_labels_and_bounds_are_checked() {
    let table = component(&registry(), "c");
    let long = "x".repeat(257);
    let many: Vec<String> = (0..65).map(|n| format!("l{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (wrong, part) in [
        (gauge("", &[]), "metric name"),
        (gauge("1a", &[]), "metric name"),
        (gauge("a-b", &[]), "metric name"),
        (gauge("é", &[]), "metric name"),
        (gauge("a\nb", &[]), "metric name"),
        (gauge(&long, &[]), "over the limit"),
        (gauge("a", &["b:c"]), "not a label name"),
        (gauge("a", &["1"]), "not a label name"),
        (gauge("a", &["__name"]), "reserved"),
        (gauge("a", &["b", "b"]), "twice"),
        (gauge("a", &many), "65 labels"),
        (spec("a", kind::HISTOGRAM, &["le"], &[]), "reserved"),
        (spec("a", kind::GAUGE, &[], &[1.0]), "no histogram"),
        (spec("a", kind::HISTOGRAM, &[], &[1.0, 1.0]), "ascend"),
        (spec("a", kind::HISTOGRAM, &[], &[2.0, 1.0]), "ascend"),
        (spec("a", kind::HISTOGRAM, &[], &[f64::INFINITY]), "finite"),
        (spec("a", kind::HISTOGRAM, &[], &[f64::NAN]), "finite"),
        (spec("a", kind::HISTOGRAM, &[], &[0.0; 257]), "256"),
        (spec("a", 9, &[], &[]), "kind 9"),
    ] {
        let error = table.register_family(&wrong).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert!(!error.remedy().is_empty());
    }
    let mut wordy = gauge("a", &[]);
    wordy.help = "x".repeat(4_097).into();
    assert!(table.register_family(&wordy).is_err());
    table
        .register_family(&gauge("ok:a_1", &["le", "_b"]))
        .unwrap();
}

#[test]
fn the_same_again_answers_the_same() {
    let table = component(&registry(), "c");
    let number = table.register_family(&gauge("a", &["x", "b"])).unwrap();
    let mut other_help = gauge("a", &["x", "b"]);
    other_help.help = "Other.".into();
    assert_eq!(table.register_family(&other_help).unwrap(), number);
    // The labels are the same, but values given in this order would mean something else.
    assert!(table.register_family(&gauge("a", &["b", "x"])).is_err());
    assert!(table.register_family(&gauge("a", &["x"])).is_err());
    let one = table.register_series(number, &["1", "2"]).unwrap();
    assert_eq!(table.register_series(number, &["1", "2"]).unwrap(), one);
    assert_ne!(table.register_series(number, &["2", "1"]).unwrap(), one);
}

#[test]
fn label_values_are_counted_and_measured() {
    let table = component(&registry(), "c");
    let number = table.register_family(&gauge("a", &["b"])).unwrap();
    assert!(matches!(
        table.register_series(number, &NO_LABELS),
        Err(RegisterError::LabelCount {
            given: 0,
            wanted: 1,
            ..
        })
    ));
    assert!(matches!(
        table.register_series(number, &["x".repeat(1_025)]),
        Err(RegisterError::TooLong { limit: 1_024, .. })
    ));
    assert!(matches!(
        table.register_series(7, &["x"]),
        Err(RegisterError::UnknownFamily { number: 7 })
    ));
}

#[test]
fn an_error_becomes_a_fault() {
    let table = component(&registry(), "c");
    let error = table.register_family(&gauge("a b", &[])).unwrap_err();
    let fault = Fault::from(error.clone());
    assert_eq!(fault.kind, fault::kind::SETTINGS);
    assert_eq!(fault.message.as_str(), error.to_string());
    assert_eq!(fault.remedy.as_str(), error.remedy());
    let unknown = table.register_series(7, &NO_LABELS).unwrap_err();
    assert_eq!(Fault::from(unknown).kind, fault::kind::UNKNOWN);
}

#[test]
fn a_spent_budget_hurts_only_its_plugin() {
    let registry = registry();
    registry.set_budget("greedy", 3);
    let greedy = registry.table(Owner::new("greedy", "a"));
    let sibling = registry.table(Owner::new("greedy", "b"));
    let modest = component(&registry, "modest");
    for table in [&greedy, &sibling] {
        registry.attach(table).unwrap();
    }
    let family = greedy.register_family(&gauge("g", &["n"])).unwrap();
    let first = greedy.register_series(family, &["1"]).unwrap();
    greedy.register_series(family, &["2"]).unwrap();
    slot(&sibling, "s");
    let refused = greedy.register_series(family, &["3"]).unwrap_err();
    assert!(
        matches!(&refused, RegisterError::Budget { plugin, limit: 3, .. } if plugin == "greedy")
    );
    assert_eq!(Fault::from(refused).kind, fault::kind::LIMIT);
    // What is registered already goes on.
    assert_eq!(greedy.register_series(family, &["1"]).unwrap(), first);
    modest.deliver(&[Point::new(slot(&modest, "m"), 1.0)], SystemTime::now());
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("m", &[]), Some(1.0));
    let refused = "gaxx_plugin_refused_series_total";
    assert_eq!(snapshot.value(refused, &[("plugin", "greedy")]), Some(1.0));
    assert_eq!(snapshot.value(refused, &[("plugin", "p")]), Some(0.0));
    // Retiring makes room.
    greedy.retire(first);
    greedy.register_series(family, &["3"]).unwrap();
}

#[test]
fn a_histogram_costs_its_lines() {
    let registry = registry();
    registry.set_budget("p", 5);
    let table = component(&registry, "c");
    let family = table.register_family(&spec("h", kind::HISTOGRAM, &[], &[1.0, 2.0, 3.0]));
    let refused = table.register_series(family.unwrap(), &NO_LABELS);
    assert!(matches!(refused, Err(RegisterError::Budget { .. })));
    let family = table.register_family(&spec("i", kind::HISTOGRAM, &[], &[1.0, 2.0]));
    let slot = table.register_series(family.unwrap(), &NO_LABELS).unwrap();
    let points: Vec<_> = (slot..slot + 4).map(|slot| Point::new(slot, 1.0)).collect();
    table.deliver(&points, SystemTime::now());
    let text = plugins_text(&registry.snapshot());
    assert_eq!(
        text.lines().filter(|line| !line.starts_with('#')).count(),
        5
    );
}

#[test]
fn families_and_slots_have_limits_too() {
    let limits = Limits {
        families_per_component: 2,
        slots_per_component: 3,
        ..Limits::default()
    };
    let registry = Registry::new(limits, prometheus::Registry::new());
    let table = component(&registry, "c");
    let family = table.register_family(&gauge("a", &["n"])).unwrap();
    table.register_family(&gauge("b", &[])).unwrap();
    let refused = table.register_family(&gauge("c", &[]));
    assert!(matches!(
        refused,
        Err(RegisterError::TooManyFamilies { limit: 2, .. })
    ));
    for n in 0..3 {
        table.retire(table.register_series(family, &[n.to_string()]).unwrap());
    }
    let refused = table.register_series(family, &["3"]);
    assert!(matches!(
        refused,
        Err(RegisterError::SlotsSpent { limit: 3, .. })
    ));
}
