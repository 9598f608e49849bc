//! Where metrics are sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Duration, Settings};

/// How one exporter runs. An exporter runs if it has a section here. Every key that is not listed
/// is a setting of the exporter itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExporterSection {
    /// The exporter to run; the section's own name if it is not set. So one exporter can run
    /// twice, under two names.
    #[serde(rename = "use")]
    #[schemars(length(min = 1))]
    pub exporter: Option<String>,
    /// Whether the exporter runs.
    pub enabled: bool,
    /// How often it sends; `telemetry.metrics_interval` if it is not set.
    pub interval: Option<Duration>,
    /// How long sending one batch may take.
    pub deadline: Duration,
    /// How many batches are kept while it is slow or its receiver is away. When the queue is
    /// full the oldest batch is dropped and counted.
    #[schemars(range(min = 1, max = 4096))]
    pub queue: u32,
    /// The settings of the exporter itself.
    #[serde(flatten)]
    pub settings: Settings,
}

impl Default for ExporterSection {
    fn default() -> Self {
        Self {
            exporter: None,
            enabled: true,
            interval: None,
            deadline: Duration::from_secs(10),
            queue: 16,
            settings: Settings::default(),
        }
    }
}
