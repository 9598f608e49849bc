//! What a user, an operator or another program sees of `gaxx-mon`: the built program is started,
//! asked and ended, and real programs stand beside it. Every file is one subject.
// Compared numbers are whole and exact.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

mod abi;
mod agent;
mod compliance;
mod config;
mod dashboard;
mod examples;
mod exec;
mod exporters;
mod exporting;
mod faces;
mod health_engine;
mod integrity;
mod isolation;
mod jq;
mod metrics_text;
mod node_exporter;
mod pages;
mod plugins;
mod probe;
mod profiling;
mod prometheus;
mod reload;
mod rig;
mod rogue;
mod scaffold;
mod seed;
mod signals;
mod start;
mod stream;
mod swap;
