//! A collection of 100 points across the ABI.

use std::{
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
};

use gaxx_abi::{Point, abi_std::RVec};
use gaxx_core::{
    instruments::Instruments,
    registry::{Limits, Registry},
    role::Role,
};

use crate::{Table, copies, held, spread};

const SERIES: u32 = 100;
const RUNS: usize = 15;
const CALLS: u32 = 20_000;

pub(crate) fn measure(table: &mut Table) {
    let (loader, _folder) = held::loader();
    let registry = Registry::new(Limits::default(), Instruments::new(Role::Main).registry);
    let mut collector = held::collector(&loader, &copies::original(), &registry, SERIES);
    let here = spread::nanoseconds(RUNS, CALLS, || {
        let mut points = RVec::new();
        collector
            .collect(u64::MAX, &mut points)
            .into_result()
            .unwrap();
        assert_eq!(black_box(&points).len(), SERIES as usize);
    });
    let gauges: Vec<AtomicU64> = (0..SERIES).map(|_| AtomicU64::new(0)).collect();
    let mut collections = 0.0;
    let beside = spread::nanoseconds(RUNS, CALLS, || bare(&gauges, &mut collections));
    table.row(
        "100 points across the ABI, in process",
        &format!("{here} ns"),
        &format!("the same stores and points without a border: {beside} ns"),
        "300 ns",
    );
}

/// What the plugin does, without plugin, border and panic guard.
fn bare(gauges: &[AtomicU64], collections: &mut f64) {
    *collections += 1.0;
    let mut value = *collections * 4096.0;
    for pair in gauges.chunks(2) {
        for (gauge, value) in pair.iter().zip([value, value / 1000.0]) {
            gauge.store(value.to_bits(), Ordering::Relaxed);
        }
        value += 12_288.0;
    }
    let gauges = black_box(gauges);
    let mut points = Vec::with_capacity(gauges.len());
    for (slot, gauge) in (0..).zip(gauges) {
        points.push(Point::new(
            slot,
            f64::from_bits(gauge.load(Ordering::Relaxed)),
        ));
    }
    black_box(points);
}
