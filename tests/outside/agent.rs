//! The agent of a node.

mod audit;
mod client;
mod exec;
mod files;
mod security;
mod start;
