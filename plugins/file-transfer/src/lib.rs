//! Files beneath configured roots: up, down, listed, looked at and deleted, over HTTP.
//!
//! A request goes: [`files`] admits it and gives it a thread → [`address`] reads which root and path
//! it names → [`root`] has the kernel resolve the path beneath the root → [`upload`], [`download`],
//! [`listing`] or [`removal`] does the work. What is refused on the way is a [`refusal::Refusal`],
//! answered and counted at one place.

mod address;
mod admission;
mod allowance;
mod archive;
mod digest;
mod download;
mod entity;
mod exchange;
mod files;
mod headers;
mod instruments;
mod listing;
mod query;
mod refusal;
mod removal;
mod root;
mod service;
mod settings;
mod sweeper;
#[cfg(test)]
mod tests;
mod trail;
mod upload;

gaxx_sdk::plugin! {
    name = "file-transfer";
    description = "Moves files beneath the configured roots.";
}
