//! What becomes of points.

use std::time::{Duration, SystemTime};

use gaxx_abi::{Point, metric::kind};

use super::{NO_LABELS, component, plugins_text, registry, slot, spec};
use crate::registry::Value;

#[test]
fn what_is_not_named_is_absent() {
    let registry = registry();
    let table = component(&registry, "c");
    let (a, b) = (slot(&table, "a"), slot(&table, "b"));
    let now = SystemTime::now();
    assert_eq!(plugins_text(&registry.snapshot()), "", "nothing delivered");
    table.deliver(&[Point::new(a, 1.0), Point::new(b, 2.0)], now);
    assert_eq!(registry.snapshot().value("a", &[]), Some(1.0));
    table.deliver(&[Point::new(b, 3.0)], now);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("a", &[]), None);
    assert_eq!(snapshot.value("b", &[]), Some(3.0));
    assert!(snapshot.family("a").is_none());
    table.expire();
    assert_eq!(plugins_text(&registry.snapshot()), "");
}

#[test]
fn unknown_and_retired_slots_are_counted() {
    let registry = registry();
    let table = component(&registry, "c");
    let (a, b) = (slot(&table, "a"), slot(&table, "b"));
    table.retire(a);
    table.retire(a);
    let points = [a, b, 77, u32::MAX].map(|slot| Point::new(slot, 1.0));
    table.deliver(&points, SystemTime::now());
    assert_eq!(table.status().ignored, 3);
    let labels = [("plugin", "p"), ("component", "c")];
    let snapshot = registry.snapshot();
    let value = |name| snapshot.value(name, &labels);
    assert_eq!(
        value("gaxx_plugin_component_ignored_points_total"),
        Some(3.0)
    );
    assert_eq!(value("gaxx_plugin_component_series"), Some(1.0));
    // Registered again, it has a slot of its own.
    assert_ne!(slot(&table, "a"), a);
}

#[test]
fn lateness_is_shown_until_the_next_delivery() {
    let registry = registry();
    let table = component(&registry, "c");
    let late = || {
        let labels = [("component", "c"), ("plugin", "p")];
        registry
            .snapshot()
            .value("gaxx_plugin_component_late", &labels)
    };
    assert_eq!(late(), Some(0.0));
    table.mark_late();
    assert_eq!(late(), Some(1.0));
    table.deliver(&[], SystemTime::now());
    assert_eq!(late(), Some(0.0));
}

#[test]
fn a_counter_that_falls_began_again() {
    let registry = registry();
    let table = component(&registry, "c");
    let family = table
        .register_family(&spec("a", kind::COUNTER, &[], &[]))
        .unwrap();
    let slot = table.register_series(family, &NO_LABELS).unwrap();
    let started = || {
        let exported = registry.snapshot().export();
        let descriptors = &exported.descriptors;
        let at = descriptors
            .families
            .iter()
            .position(|f| f.name == "a")
            .unwrap();
        let mut series = descriptors.series.iter();
        series
            .find(|series| series.family as usize == at)
            .unwrap()
            .started
    };
    let now = SystemTime::now();
    table.deliver(&[Point::new(slot, 5.0)], now);
    let first = started();
    assert!(first > 0);
    table.deliver(&[Point::new(slot, 6.0)], now + Duration::from_secs(1));
    assert_eq!(started(), first);
    table.deliver(&[Point::new(slot, 1.0)], now + Duration::from_secs(2));
    assert!(started() > first);
}

#[test]
fn a_histogram_is_made_whole_or_absent() {
    let registry = registry();
    let table = component(&registry, "c");
    let family = table.register_family(&spec("h", kind::HISTOGRAM, &[], &[1.0, 2.0]));
    let slot = table.register_series(family.unwrap(), &NO_LABELS).unwrap();
    let deliver = |values: &[f64]| {
        let points = (slot..).zip(values).map(|(slot, &v)| Point::new(slot, v));
        table.deliver(&points.collect::<Vec<_>>(), SystemTime::now());
        let snapshot = registry.snapshot();
        let family = snapshot.family("h")?;
        match family.samples().next()?.value {
            Value::Histogram {
                counts, count, sum, ..
            } => Some((counts.to_vec(), count, sum)),
            Value::Number(_) => None,
        }
    };
    assert_eq!(
        deliver(&[1.0, 2.0, 3.0, 4.5]),
        Some((vec![1.0, 2.0], 3.0, 4.5))
    );
    assert_eq!(
        deliver(&[-1.0, 2.7, 1.0, -4.5]),
        Some((vec![0.0, 2.0], 2.0, -4.5))
    );
    assert_eq!(table.status().ignored, 0);
    assert_eq!(deliver(&[1.0, f64::NAN, 3.0, 4.5]), None);
    assert_eq!(deliver(&[1.0, 2.0, 3.0, f64::INFINITY]), None);
    assert_eq!(deliver(&[1.0, 2.0, 3.0]), None);
    assert_eq!(table.status().ignored, 4 + 4 + 3);
    assert_eq!(plugins_text(&registry.snapshot()), "");
}

#[test]
fn every_nan_is_a_value() {
    let registry = registry();
    let table = component(&registry, "c");
    let slot = slot(&table, "a");
    for bits in [0x7ff8_6761_7878_0001, 0x7ff0_0000_0000_0002, u64::MAX] {
        table.deliver(&[Point::new(slot, f64::from_bits(bits))], SystemTime::now());
        assert!(plugins_text(&registry.snapshot()).ends_with("a NaN\n"));
    }
}
