//! Runs commands on this node, as far as the policy allows.

mod keeper;

gaxx_sdk::plugin! {
    name = "agent-exec";
    description = "Runs commands on this node, as far as the policy allows.";
}
