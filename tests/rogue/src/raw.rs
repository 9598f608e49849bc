//! Components made without the SDK's care: what crosses the border here the SDK would not let pass.

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    Collector_TO, Fault, HealthCheck_TO, Point, Verdict,
    abi_std::{RNone, ROk, ROption, RResult, RVec},
    component::{Collector, HealthCheck},
};
use gaxx_sdk::{
    declare::{ComponentEntry, Make},
    inventory,
};

use crate::told;

/// Gives points of slots that are not its own, twice, out of order, and values that are no numbers.
struct BadPoints;

impl Collector for BadPoints {
    fn start(&mut self, _deadline: u64) -> RResult<(), Fault> {
        ROk(())
    }

    fn collect(&mut self, _deadline: u64, points: &mut RVec<Point>) -> RResult<(), Fault> {
        if told("bad-points") {
            points.clear();
            for slot in [0, 1, 7, 7, 3, u32::MAX, 1 << 31] {
                for value in [f64::NAN, f64::INFINITY, -0.0, 1e308] {
                    points.push(Point::new(slot, value));
                }
            }
        }
        ROk(())
    }

    fn save(&mut self, _deadline: u64) -> ROption<RVec<u8>> {
        RNone
    }

    fn stop(&mut self, _deadline: u64) {}
}

/// Hands over more points than anybody can want.
struct ManyPoints;

impl Collector for ManyPoints {
    fn start(&mut self, _deadline: u64) -> RResult<(), Fault> {
        ROk(())
    }

    fn collect(&mut self, _deadline: u64, points: &mut RVec<Point>) -> RResult<(), Fault> {
        if told("many-points") {
            points.extend((0..4_000_000).map(|slot| Point::new(slot, 1.0)));
        }
        ROk(())
    }

    fn save(&mut self, _deadline: u64) -> ROption<RVec<u8>> {
        RNone
    }

    fn stop(&mut self, _deadline: u64) {}
}

/// Gives a verdict that is none.
struct BadVerdict;

impl HealthCheck for BadVerdict {
    fn start(&mut self, _deadline: u64) -> RResult<(), Fault> {
        ROk(())
    }

    fn check(&mut self, _deadline: u64) -> RResult<Verdict, Fault> {
        ROk(Verdict {
            status: if told("bad-verdict") { 99 } else { 0 },
            message: "A status that is not defined.".into(),
            details: RVec::new(),
        })
    }

    fn points(&self, _points: &mut RVec<Point>) {}

    fn save(&mut self, _deadline: u64) -> ROption<RVec<u8>> {
        RNone
    }

    fn stop(&mut self, _deadline: u64) {}
}

const fn entry(name: &'static str, make: Make) -> ComponentEntry {
    ComponentEntry {
        package: env!("CARGO_PKG_NAME"),
        name,
        description: "",
        schema: || r#"{"type":"object"}"#.to_owned(),
        interval: None,
        asked_by: None,
        roles: &[],
        make,
    }
}

inventory::submit! {
    entry("bad-points", Make::Collector(|_, _| Ok(Collector_TO::from_value(BadPoints, TD_Opaque))))
}
inventory::submit! {
    entry("many-points", Make::Collector(|_, _| Ok(Collector_TO::from_value(ManyPoints, TD_Opaque))))
}
inventory::submit! {
    entry("bad-verdict", Make::HealthCheck(|_, _| Ok(HealthCheck_TO::from_value(BadVerdict, TD_Opaque))))
}
