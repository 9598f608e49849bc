//! Commands that talk to agents.

pub(super) mod exec;
pub(super) mod ping;
pub(super) mod pull;
pub(super) mod push;
