//! Several components, and several versions of one.

use std::{sync::Arc, time::SystemTime};

use gaxx_abi::{Point, metric::kind};

use super::{NO_LABELS, component, gauge, parser::parse, plugins_text, registry, slot, spec};
use crate::registry::{Owner, RegisterError, Selection, text};

#[test]
fn components_share_a_family() {
    let registry = registry();
    let (a, b) = (component(&registry, "a"), component(&registry, "b"));
    for (table, labels, values) in [(&a, ["x", "y"], ["1", "2"]), (&b, ["y", "x"], ["3", "4"])] {
        let mut spec = gauge("shared", &labels);
        spec.help = format!("By {}.", table.owner()).into();
        let family = table.register_family(&spec).unwrap();
        let series = table.register_series(family, &values).unwrap();
        table.deliver(&[Point::new(series, 1.0)], SystemTime::now());
        let between = slot(table, &format!("other_{}", table.owner().component));
        assert_ne!(between, series);
    }
    assert_eq!(
        plugins_text(&registry.snapshot()),
        "# HELP shared By p/a.\n# TYPE shared gauge\n\
         shared{x=\"1\",y=\"2\"} 1\nshared{x=\"4\",y=\"3\"} 1\n"
    );
}

#[test]
fn a_shared_family_must_be_the_same() {
    let registry = registry();
    let (a, b) = (component(&registry, "a"), component(&registry, "b"));
    a.register_family(&spec("h", kind::HISTOGRAM, &["l"], &[1.0]))
        .unwrap();
    for (other, wanted) in [
        (gauge("h", &["l"]), "kind"),
        (spec("h", kind::HISTOGRAM, &["m"], &[1.0]), "label names"),
        (spec("h", kind::HISTOGRAM, &["l"], &[2.0]), "bounds"),
    ] {
        match b.register_family(&other) {
            Err(RegisterError::Differs { owner, what, .. }) => {
                assert_eq!((owner.as_str(), what), ("p/a", wanted));
            }
            other => panic!("{other:?}"),
        }
    }
    drop(a);
    registry.detach(&Owner::new("p", "a")).unwrap();
    b.register_family(&gauge("h", &["l"])).unwrap();
}

#[test]
fn nobody_gives_a_series_twice() {
    let registry = registry();
    let (a, b) = (component(&registry, "a"), component(&registry, "b"));
    let family = a.register_family(&gauge("g", &["x", "y"])).unwrap();
    let series = a.register_series(family, &["1", "2"]).unwrap();
    let family = b.register_family(&gauge("g", &["y", "x"])).unwrap();
    match b.register_series(family, &["2", "1"]) {
        Err(RegisterError::Taken { owner, series }) => {
            assert_eq!(
                (owner.as_str(), series.as_str()),
                ("p/a", "g{x=\"1\",y=\"2\"}")
            );
        }
        other => panic!("{other:?}"),
    }
    a.retire(series);
    b.register_series(family, &["2", "1"]).unwrap();
}

#[test]
fn a_histograms_lines_keep_their_names() {
    let registry = registry();
    let (a, b) = (component(&registry, "a"), component(&registry, "b"));
    a.register_family(&spec("h", kind::HISTOGRAM, &[], &[]))
        .unwrap();
    b.register_family(&gauge("i_sum", &[])).unwrap();
    let histogram = spec("i", kind::HISTOGRAM, &[], &[]);
    for (table, spec) in [
        (&a, gauge("h_count", &[])),
        (&b, gauge("h_bucket", &[])),
        (&a, histogram.clone()),
        (&b, histogram),
    ] {
        let refused = table.register_family(&spec);
        assert!(
            matches!(refused, Err(RegisterError::Clashes { .. })),
            "{refused:?}"
        );
    }
    a.register_family(&gauge("i_count", &[])).unwrap();
}

#[test]
fn a_new_version_replaces_the_old_one_at_once() {
    let registry = registry();
    registry.set_budget("p", 2);
    let owner = Owner::new("p", "c");
    let old = component(&registry, "c");
    let now = SystemTime::now();
    let kept = slot(&old, "kept");
    let gone = slot(&old, "gone");
    old.deliver(&[Point::new(kept, 1.0), Point::new(gone, 1.0)], now);

    let new = registry.table(owner.clone());
    // The budget is full, but this series is paid for; and its family may change.
    let family = new
        .register_family(&spec("kept", kind::COUNTER, &[], &[]))
        .unwrap();
    let series = new.register_series(family, &NO_LABELS).unwrap();
    new.deliver(&[Point::new(series, 2.0)], now);
    assert_eq!(
        registry.snapshot().value("kept", &[]),
        Some(1.0),
        "not attached yet"
    );

    let replaced = registry.attach(&new).unwrap().unwrap();
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("kept", &[]), Some(2.0));
    assert_eq!(snapshot.value("gone", &[]), None);

    // Rolled back, and forth again.
    registry.attach(&replaced).unwrap();
    assert_eq!(registry.snapshot().value("gone", &[]), Some(1.0));
    registry.attach(&new).unwrap();
    old.close();
    assert!(matches!(
        registry.attach(&old),
        Err(RegisterError::Closed { .. })
    ));
    let account = registry
        .accounts()
        .into_iter()
        .find(|(plugin, _)| plugin == "p");
    assert_eq!(account.unwrap().1.used, 1);
}

#[test]
fn several_are_shown_in_one_step_or_none_is() {
    let registry = registry();
    let old = [component(&registry, "a"), component(&registry, "b")];
    let now = SystemTime::now();
    for table in &old {
        let name = table.owner().component.clone();
        table.deliver(&[Point::new(slot(table, &name), 1.0)], now);
    }
    let new = old.each_ref().map(|table| {
        let new = registry.table(Owner::clone(table.owner()));
        let name = table.owner().component.clone();
        new.deliver(&[Point::new(slot(&new, &name), 2.0)], now);
        new
    });
    new[1].close();
    assert!(registry.attach_all(&new).is_err());
    let value = |name| registry.snapshot().value(name, &[]);
    assert_eq!((value("a"), value("b")), (Some(1.0), Some(1.0)));

    let again = registry.table(Owner::clone(old[1].owner()));
    again.deliver(&[Point::new(slot(&again, "b"), 3.0)], now);
    let replaced = registry.attach_all(&[new[0].clone(), again]).unwrap();
    assert!(replaced.iter().zip(&old).all(|(a, b)| Arc::ptr_eq(a, b)));
    assert_eq!((value("a"), value("b")), (Some(2.0), Some(3.0)));
    assert!(registry.attach_all(&[]).unwrap().is_empty());
}

#[test]
fn a_detached_component_leaves_nothing() {
    let registry = registry();
    let table = component(&registry, "c");
    table.deliver(&[Point::new(slot(&table, "a"), 1.0)], SystemTime::now());
    let held = registry.detach(table.owner()).unwrap();
    assert_eq!(plugins_text(&registry.snapshot()), "");
    assert!(!registry.names().contains("c"));
    let refused = held.register_family(&gauge("b", &[]));
    assert!(matches!(refused, Err(RegisterError::Closed { .. })));
    // Its name is free although somebody holds the table.
    slot(&component(&registry, "d"), "a");
    assert!(registry.detach(table.owner()).is_none());
}

#[test]
fn components_are_selected_by_name() {
    let registry = registry();
    for (plugin, name) in [("system", "cpu"), ("system", "disk"), ("other", "cpu")] {
        let table = registry.table(Owner::new(plugin, name));
        let family = table.register_family(&gauge("shared", &["of"])).unwrap();
        let of = format!("{plugin}-{name}");
        let series = table.register_series(family, &[of]).unwrap();
        table.deliver(&[Point::new(series, 1.0)], SystemTime::now());
        registry.attach(&table).unwrap();
    }
    let names = registry.names();
    for name in ["cpu", "disk", "system", "other", "system/cpu", "core"] {
        assert!(names.contains(name), "{name}");
    }
    let snapshot = registry.snapshot();
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let shown = |selection| {
        let text = String::from_utf8(text::encode(&snapshot.select(&selection))).unwrap();
        let families = parse(&text).unwrap();
        let samples = families.into_iter().flat_map(|family| family.samples);
        let of = samples.map(|(_, labels, _)| labels.get("of").cloned());
        of.map(|of| of.unwrap_or("core".into())).collect::<Vec<_>>()
    };
    assert_eq!(
        shown(Selection::Only(set(&["cpu"]))),
        ["other-cpu", "system-cpu"]
    );
    assert_eq!(shown(Selection::Only(set(&["system/cpu"]))), ["system-cpu"]);
    assert_eq!(
        shown(Selection::Only(set(&["other", "disk"]))),
        ["other-cpu", "system-disk"]
    );
    assert_eq!(
        shown(Selection::Except(set(&["core", "cpu"]))),
        ["system-disk"]
    );
    assert!(shown(Selection::Only(set(&["nobody"]))).is_empty());
    assert!(
        shown(Selection::Only(set(&["core"])))
            .iter()
            .all(|of| of == "core")
    );
}
