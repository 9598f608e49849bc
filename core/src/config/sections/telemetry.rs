//! The section of the first day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Duration, Endpoint, seconds_or_text};

/// Whether, where and how often this machine is monitored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Whether anything is collected and served. `false`: no monitoring listener, no profiling
    /// listener and no collection.
    pub enabled: bool,
    /// The URL of an OTLP receiver. If it is set, the exporter that claims this key is on. The
    /// variable `GAXX_OTLP_ENDPOINT` sets it too.
    pub otlp_endpoint: Endpoint,
    /// The port of the monitoring pages; 0 takes a free one, which the log names.
    pub monitoring_port: u16,
    /// How often collectors run and exporters send, unless they have an interval of their own.
    /// A bare number is seconds.
    #[serde(with = "seconds_or_text")]
    #[schemars(with = "seconds_or_text::SecondsOrText")]
    pub metrics_interval: Duration,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            enabled: true,
            otlp_endpoint: Endpoint::default(),
            monitoring_port: 9090,
            metrics_interval: Duration::from_secs(30),
        }
    }
}
