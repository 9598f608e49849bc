//! The text of 10,000 current values.

use std::{hint::black_box, time::SystemTime};

use gaxx_abi::{FamilySpec, Point, abi_std::RVec, metric::kind};
use gaxx_core::{
    instruments::Instruments,
    registry::{Limits, Owner, Registry, Selection, text},
    role::Role,
};
use prometheus::{Encoder, GaugeVec, Opts, TextEncoder};

use crate::{Table, spread};

const FAMILIES: usize = 100;
const DEVICES: usize = 100;
const LABELS: [&str; 2] = ["plugin", "device"];
const RUNS: usize = 15;
const CALLS: u32 = 20;

pub(crate) fn measure(table: &mut Table) {
    let registry = ours();
    let selection = Selection::All;
    let here = spread::nanoseconds(RUNS, CALLS, || {
        let snapshot = registry.snapshot();
        black_box(text::encode(&snapshot.select(&selection)));
    });
    let peer = theirs();
    let beside = spread::nanoseconds(RUNS, CALLS, || {
        let mut out = Vec::new();
        TextEncoder::new().encode(&peer.gather(), &mut out).unwrap();
        black_box(out);
    });
    table.row(
        "text of 10,000 current values: snapshot and encoding alone",
        &format!("{} ms", in_milliseconds(&here)),
        &format!(
            "the prometheus crate: {} ms, {:.1} times as long",
            in_milliseconds(&beside),
            beside.ratio(&here)
        ),
        "part of the next",
    );
}

fn in_milliseconds(nanoseconds: &spread::Spread) -> spread::Spread {
    nanoseconds.map(|value| value / 1e6)
}

fn name(family: usize) -> String {
    format!("load_{family:03}_bytes")
}

fn device(number: usize) -> String {
    format!("device-{number:02}")
}

/// Whole numbers and others in turn.
fn value(number: usize) -> f64 {
    let value = 4096.0 + 6144.0 * number as f64;
    if number.is_multiple_of(2) {
        value
    } else {
        value / 1000.0
    }
}

/// A registry with the program's own instruments, which a scrape gathers too.
fn ours() -> Registry {
    let registry = Registry::new(Limits::default(), Instruments::new(Role::Main).registry);
    let table = registry.table(Owner::new("load", "load"));
    let mut points = Vec::new();
    for family in 0..FAMILIES {
        let number = table.register_family(&FamilySpec {
            name: name(family).into(),
            help: "Numbers that change.".into(),
            unit: "".into(),
            kind: kind::GAUGE,
            labels: LABELS.map(Into::into).to_vec().into(),
            bounds: RVec::new(),
            attributes: RVec::new(),
        });
        let number = number.unwrap();
        for at in 0..DEVICES {
            let slot = table
                .register_series(number, &["load", &device(at)])
                .unwrap();
            points.push(Point::new(slot, value(family * DEVICES + at)));
        }
    }
    registry.attach(&table).unwrap();
    table.deliver(&points, SystemTime::now());
    registry
}

fn theirs() -> prometheus::Registry {
    let registry = prometheus::Registry::new();
    for family in 0..FAMILIES {
        let options = Opts::new(name(family), "Numbers that change.");
        let gauges = GaugeVec::new(options, &LABELS).unwrap();
        for at in 0..DEVICES {
            let gauge = gauges.with_label_values(&["load", &device(at)]);
            gauge.set(value(family * DEVICES + at));
        }
        registry.register(Box::new(gauges)).unwrap();
    }
    registry
}
