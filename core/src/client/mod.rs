//! A client of agents: what the commands `exec`, `push`, `pull`, `ping` and `profile` are made of,
//! and what asks a thousand nodes at once.
//!
//! ```text
//!  Node, Channel, Token ── Client ── connections ══ TLS or plain ══ the agent of a node
//!                            │
//!               exec, transfer, heartbeat, profile
//! ```
//!
//! A [`Client`] asks one node and keeps its connections; clones share them. Nothing in here knows a
//! terminal or a command line: what goes on is told to the caller, who decides what to show.
//!
//! * Plain HTTP goes to loopback only, unless [`Plain::Anywhere`] is asked for, and then without the
//!   token. Redirects are not followed, so a token goes to no other host.
//! * Every wait has a limit, and every error names the node, its address, what happened and what can
//!   be done ([`ClientError`]).

mod body;
mod connect;
mod error;
pub mod exec;
mod hearing;
mod heartbeat;
mod node;
mod pool;
mod profile;
mod reply;
mod retry;
mod stall;
mod tls_trouble;
mod token;
pub mod transfer;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

pub use connect::{Channel, Plain};
pub use error::{Answer, ClientError, Trouble};
pub use heartbeat::Heartbeat;
pub use node::{Node, NodeError, Scheme};
pub use pool::{Client, Limits};
pub use retry::Backoff;
pub use token::Token;
