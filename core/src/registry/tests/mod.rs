#![allow(clippy::unwrap_used, clippy::float_cmp)]
//! The registry from outside.

mod agreement;
mod concurrency;
mod delivery;
mod forms;
mod model;
mod own;
mod parser;
mod registration;
mod sharing;

use std::sync::Arc;

use gaxx_abi::{FamilySpec, metric::kind};

use super::{Limits, Owner, Registry, Selection, Snapshot, Table, text};

fn registry() -> Registry {
    Registry::new(Limits::default(), prometheus::Registry::new())
}

fn spec(name: &str, kind: u32, labels: &[&str], bounds: &[f64]) -> FamilySpec {
    FamilySpec {
        name: name.into(),
        help: "Help.".into(),
        unit: "".into(),
        kind,
        labels: labels.iter().map(|&label| label.into()).collect(),
        bounds: bounds.to_vec().into(),
        attributes: Vec::new().into(),
    }
}

fn gauge(name: &str, labels: &[&str]) -> FamilySpec {
    spec(name, kind::GAUGE, labels, &[])
}

/// An attached table of this component of the plugin `p`.
fn component(registry: &Registry, name: &str) -> Arc<Table> {
    let table = registry.table(Owner::new("p", name));
    registry.attach(&table).unwrap();
    table
}

const NO_LABELS: [&str; 0] = [];

/// A series of a gauge without labels.
fn slot(table: &Table, name: &str) -> u32 {
    let family = table.register_family(&gauge(name, &[])).unwrap();
    table.register_series(family, &NO_LABELS).unwrap()
}

/// The text without core's own families.
fn plugins_text(snapshot: &Snapshot) -> String {
    let core = Selection::Except([super::CORE.to_owned()].into());
    String::from_utf8(text::encode(&snapshot.select(&core))).unwrap()
}
