//! Runs commands on this node, as far as the policy allows, and says how the node is.
//!
//! ```text
//! endpoint ─▶ service ─▶ request   what is asked for
//!    │           ├─────▶ policy    whether it may run, and how
//!    │           ├─────▶ journal   whether it has run, by its key
//!    │           ├─────▶ gate      when it may run
//!    │           ├─────▶ records   the audit log
//!    │           └─────▶ run ────▶ keeper   the command
//!    └─▶ heartbeat
//! ```

mod crew;
mod decline;
mod endpoint;
mod gate;
mod heartbeat;
mod hex;
mod ids;
mod journal;
mod keeper;
mod measures;
mod policy;
mod records;
mod report;
mod request;
mod run;
mod service;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod warning;

/// What is said on every surface where every command may run.
const WARNING: &str = "plugins.agent-exec.allow is `any`: every caller with the scope exec may run \
                       every program, as every user that the agent may become";

gaxx_sdk::plugin! {
    name = "agent-exec";
    description = "Runs commands on this node, as far as the policy allows.";
    endpoint "exec" => endpoint::Agent, "Commands, and the heartbeat.";
    check "policy" => warning::PolicyCheck, "What may run, and whether that is everything.";
}
