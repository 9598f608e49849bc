//! Serving: the listener, and what a scrape waits for.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tls;
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
    /// Whether the pages are only for who logs in and has the scope `read`.
    pub require_login: bool,
    /// A file in the form of Prometheus' web configuration: TLS, headers and users with
    /// passwords for the monitoring pages. The flag `--web.config.file` sets it too.
    #[schemars(length(min = 1))]
    pub web_config_file: Option<PathBuf>,
    /// TLS of the monitoring pages.
    pub tls: Tls,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            allow_plain_remote: false,
            reload_endpoint: false,
            require_login: false,
            web_config_file: None,
            tls: Tls::default(),
        }
    }
}

/// The listener of the profiling pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Profiling {
    /// The address it listens on. One that is not loopback needs TLS and a login.
    pub listen: IpAddr,
    /// Its port; 0 takes a free one, which the log names. If it is not set: 6060, and none where
    /// that is in use.
    pub port: Option<u16>,
    /// TLS of the profiling pages.
    pub tls: Tls,
}

impl Default for Profiling {
    fn default() -> Self {
        Self {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: None,
            tls: Tls::default(),
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
    /// Whether who asks for `OpenMetrics` 1.0 gets it. Names stay as they are: counters that do not end
    /// in `_total` are of type `unknown` there.
    pub openmetrics: bool,
}

impl Default for Scrape {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            openmetrics: false,
        }
    }
}
