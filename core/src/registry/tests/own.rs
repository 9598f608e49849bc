//! Core's own instruments.

use std::collections::HashMap;

use prometheus::{IntCounterVec, Opts};

use super::{Limits, Registry};

fn counter(instruments: &prometheus::Registry) -> IntCounterVec {
    let counter = IntCounterVec::new(Opts::new("calls_total", "Calls."), &["of"]).unwrap();
    instruments.register(Box::new(counter.clone())).unwrap();
    counter
}

#[test]
fn instruments_come_and_go() {
    let instruments = prometheus::Registry::new();
    let calls = counter(&instruments);
    let registry = Registry::new(Limits::default(), instruments);
    let value = |of| registry.snapshot().value("calls_total", &[("of", of)]);
    calls.with_label_values(&["b"]).inc_by(2);
    assert_eq!(value("b"), Some(2.0));
    calls.with_label_values(&["a"]).inc_by(1);
    assert_eq!((value("a"), value("b")), (Some(1.0), Some(2.0)));
    calls.remove_label_values(&["b"]).unwrap();
    assert_eq!((value("a"), value("b")), (Some(1.0), None));
}

#[test]
fn slots_stay_while_the_generation_does() {
    let instruments = prometheus::Registry::new();
    let calls = counter(&instruments);
    let registry = Registry::new(Limits::default(), instruments);
    calls.with_label_values(&["a"]).inc();
    // The first one counts the series of core, which registering that count changes; no more.
    registry.snapshot();
    let one = registry.snapshot().export();
    calls.with_label_values(&["a"]).inc();
    let two = registry.snapshot().export();
    assert_eq!(one.descriptors.generation, two.descriptors.generation);
    assert_eq!(one.descriptors.series, two.descriptors.series);
    assert_ne!(one.points, two.points);
    calls.with_label_values(&["b"]).inc();
    let three = registry.snapshot().export();
    assert!(three.descriptors.generation > two.descriptors.generation);
}

#[test]
fn an_untyped_instrument_is_a_gauge_and_a_summary_is_left_out() {
    use prometheus::{
        core::{Collector, Desc},
        proto::{Metric, MetricFamily, MetricType},
    };
    struct Odd(Desc);
    impl Collector for Odd {
        fn desc(&self) -> Vec<&Desc> {
            vec![&self.0]
        }
        fn collect(&self) -> Vec<MetricFamily> {
            [
                ("odd_untyped", MetricType::UNTYPED),
                ("odd_summary", MetricType::SUMMARY),
            ]
            .map(|(name, kind)| {
                let mut family = MetricFamily::default();
                family.set_name(name.into());
                family.set_field_type(kind);
                family.set_metric(vec![Metric::default()]);
                family
            })
            .into()
        }
    }
    let instruments = prometheus::Registry::new();
    let desc = Desc::new("odd".into(), "Odd.".into(), vec![], HashMap::new()).unwrap();
    instruments.register(Box::new(Odd(desc))).unwrap();
    let registry = Registry::new(Limits::default(), instruments);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("odd_untyped", &[]), Some(0.0));
    assert!(snapshot.family("odd_summary").is_none());
}
