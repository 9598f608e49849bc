//! A plugin that misbehaves when its orders say so, for the chaos run.
//!
//! It has a component of each kind. Each of them looks at its orders at every call, and does what is
//! due; without orders it is calm. The run makes many plugins of this one library: it replaces the
//! name in copies of the file by another of the same length, and the edition in those that take the
//! place of others.

mod actor;
mod check;
mod collector;
mod deeds;
mod endpoint;
mod exporter;
mod floods;
mod frames;
mod leaks;
mod orders;

use std::{hint::black_box, path::PathBuf};

use gaxx_sdk::prelude::*;

/// In each copy of the library another one of this length.
const NAME: &str = "chaos-000";

/// Settings under `plugins.chaos-000` and `exporters.chaos-000` in config.yaml.
#[settings]
struct Settings {
    /// Where the orders are, and where the plugin notes what it does.
    folder: PathBuf,
}

/// The name of this copy. The compiler must not know it: it would take it apart.
fn name() -> &'static str {
    black_box(NAME)
}

gaxx_sdk::plugin! {
    name = "chaos-000";
    description = "Misbehaves on orders, edition 00000.";
    collector "collector" => collector::Collects;
    check "check" => check::Checks;
    endpoint "endpoint" => endpoint::Answers;
    exporter "chaos-000" => exporter::Exports;
}
