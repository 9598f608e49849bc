//! Profiles and runtime statistics of gaxx-mon and of its plugins, over HTTP.
//!
//! ```text
//! debug ─▶ query, pages ─▶ Host      a profile of addresses, or JSON
//!   │          ├─────────▶ symbols   a process that names the functions ─▶ profile, text, flamegraph
//!   │          └─────────▶ profile   tasks and threads in pprof's format
//!   └─────▶ answer, refusal
//! ```
//!
//! gaxx-mon itself samples and knows addresses; names, formats and pages are made here.

mod answer;
mod crates;
mod debug;
mod flamegraph;
mod index;
mod measures;
mod pages;
mod places;
mod profile;
mod query;
mod refusal;
mod settings;
mod symbols;
#[cfg(test)]
mod tests;
mod text;

gaxx_sdk::plugin! {
    name = "pprof";
    description = "Profiles and runtime statistics of gaxx-mon and of its plugins.";
    endpoint "debug" => debug::Debug, "Profiles, runtime statistics, purges.";
}
