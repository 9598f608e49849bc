//! A node's agent.

use std::net::{IpAddr, Ipv4Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tls;

/// What `gaxx-mon agent` serves beside what every gaxx-mon does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Agent {
    /// The address the agent's API is served on. One that is not loopback needs a client
    /// certificate (`agent.tls.client_ca`), or TLS and a token.
    pub listen: IpAddr,
    /// The port of the agent's API; 0 takes a free one, which the log names.
    pub api_port: u16,
    /// The port of an agent's monitoring pages, in place of `telemetry.monitoring_port`; 0 takes
    /// a free one, which the log names.
    pub monitoring_port: u16,
    /// Whether a token for this machine is kept in the state folder, in `agent.token`, which only
    /// the agent's user can read. It may do everything the policies allow; the commands `exec`,
    /// `push`, `pull` and `ping` find it.
    pub local_token: bool,
    /// TLS of the API. The variables `GAXX_AGENT_TLS_CERT`, `GAXX_AGENT_TLS_KEY`,
    /// `GAXX_AGENT_CLIENT_CA` and `GAXX_AGENT_REQUIRE_MTLS` set its keys too.
    pub tls: Tls,
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            api_port: 8088,
            monitoring_port: 9091,
            local_token: true,
            tls: Tls::default(),
        }
    }
}
