//! The core of gaxx-mon: it loads plugins, collects from them, checks, exports and serves.
//!
//! `docs/architecture.md` is the map of these modules.

pub mod audit;
pub mod build;
pub mod cli;
pub mod client;
pub mod config;
mod durable;
pub mod export;
pub mod health;
pub mod http;
pub mod instruments;
pub mod isolation;
pub mod loader;
pub mod monitor;
pub mod plugin;
pub mod process;
pub mod profile;
pub mod registry;
pub mod role;
pub mod security;
pub mod task;
pub mod time;
