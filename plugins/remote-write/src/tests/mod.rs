#![allow(clippy::unwrap_used)]

mod delivery;
mod message;
mod receiver;
mod staleness;

use gaxx_sdk::{
    ErrorKind, json, serde_json,
    testing::{self, ExporterTest, Measurements},
};

use super::*;

const STALE: u64 = 0x7ff0_0000_0000_0002;

/// A component with these settings beside the URL.
fn exporter(url: &str, mut settings: serde_json::Value) -> Result<ExporterTest> {
    settings["url"] = json!(url);
    testing::exporter::<RemoteWrite>(settings)
}

/// The measurements of this second.
fn at(second: u64) -> Measurements {
    Measurements::default().at(second * 1_000_000_000)
}
