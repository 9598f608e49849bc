//! Commands that talk to agents.

mod bar;
mod connect;
pub(super) mod exec;
mod input;
mod interrupt;
mod output;
pub(super) mod ping;
pub(super) mod profile;
pub(super) mod pull;
pub(super) mod push;
mod runtime;
mod status;
mod transfer;
