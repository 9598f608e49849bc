//! Deliveries, registrations, swaps and scrapes at once.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::SystemTime,
};

use gaxx_abi::Point;

use super::{component, gauge, parser::parse, plugins_text, registry};
use crate::registry::{Owner, Registry};

/// One component, all of whose values are equal in each delivery.
fn deliver_equal(registry: &Registry, name: &str, stop: &AtomicBool) {
    let table = component(registry, name);
    let register = |family: u32| {
        let spec = gauge(&format!("{name}_{family}"), &["n"]);
        let number = table.register_family(&spec).unwrap();
        let series = |n: u32| table.register_series(number, &[n.to_string()]).unwrap();
        (0..20).map(series).collect::<Vec<_>>()
    };
    let slots: Vec<u32> = (0..5).flat_map(register).collect();
    let mut round = 0.0;
    while !stop.load(Ordering::Relaxed) {
        round += 1.0;
        let points = slots.iter().map(|&slot| Point::new(slot, round));
        table.deliver(&points.collect::<Vec<_>>(), SystemTime::now());
    }
}

/// One component that keeps changing its series and is replaced over and over.
fn churn(registry: &Registry, stop: &AtomicBool) {
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        let table = registry.table(Owner::new("p", "churn"));
        let family = table.register_family(&gauge("churn", &["n"])).unwrap();
        for n in round..round + 20 {
            let slot = table.register_series(family, &[n.to_string()]).unwrap();
            table.deliver(&[Point::new(slot, 1.0)], SystemTime::now());
            if n == round + 5 {
                registry.attach(&table).unwrap();
            }
            if n % 3 == 0 {
                table.retire(slot);
            }
        }
        round += 1;
    }
}

#[test]
fn every_scrape_is_whole() {
    let registry = registry();
    let stop = AtomicBool::new(false);
    let scrape = || {
        for _ in 0..150 {
            let families = parse(&plugins_text(&registry.snapshot())).unwrap();
            for name in ["a", "b"] {
                let of = families
                    .iter()
                    .filter(|f| f.name.starts_with(&format!("{name}_")));
                let mut values = of.flat_map(|family| &family.samples).map(|sample| sample.2);
                let first = values.next();
                assert!(
                    values.all(|value| Some(value) == first),
                    "one delivery in {name}"
                );
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| deliver_equal(&registry, "a", &stop));
        scope.spawn(|| deliver_equal(&registry, "b", &stop));
        scope.spawn(|| churn(&registry, &stop));
        let scrapes = [scope.spawn(scrape), scope.spawn(scrape)];
        let failed = scrapes.into_iter().any(|scrape| scrape.join().is_err());
        stop.store(true, Ordering::Relaxed);
        assert!(!failed);
    });
    let used = |registry: &Registry| {
        let accounts = registry.accounts().into_iter();
        accounts.map(|(_, account)| account.used).max().unwrap()
    };
    for name in ["a", "b", "churn"] {
        registry.detach(&Owner::new("p", name)).unwrap();
    }
    drop(registry.snapshot());
    let core = registry.components();
    assert_eq!(
        used(&registry),
        core[0].1.series,
        "only core's series are left"
    );
}
