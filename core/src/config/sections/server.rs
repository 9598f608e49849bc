//! Serving: the listener, and what a scrape waits for.

use std::net::{IpAddr, Ipv4Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::Duration;

/// The listener of the monitoring pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The address the monitoring pages are served on. One that is not loopback needs
    /// `allow_plain_remote`.
    pub listen: IpAddr,
    /// Whether the monitoring pages may be served without TLS and without a login to other
    /// machines. Anyone who reaches the port can then read them.
    pub allow_plain_remote: bool,
    /// Whether `POST /-/reload` reads the configuration again. SIGHUP always does.
    pub reload_endpoint: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            allow_plain_remote: false,
            reload_endpoint: false,
        }
    }
}

/// What a scrape of `/metrics` waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scrape {
    /// A scrape runs the collectors whose values are older than this; younger ones are served as
    /// they are.
    pub max_age: Duration,
    /// How long a scrape waits for collectors at most. What is not done by then is served as it
    /// was. It waits less where the scraper's own time-out is near.
    pub timeout: Duration,
}

impl Default for Scrape {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
        }
    }
}
