//! Where metrics are sent.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    config::values::{Duration, Settings, Size},
    export::{self, relabel::Rule, spool::Budget},
};

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
    /// How many batches are kept in memory where they cannot be in the spool. When the queue is
    /// full the oldest batch is dropped and counted.
    #[schemars(range(min = 1, max = 4096))]
    pub queue: u32,
    /// Where batches wait until they are delivered.
    pub spool: Spool,
    /// What becomes of series before they are sent, as Prometheus' `relabel_config` has it.
    pub relabel: Vec<Rule>,
    /// Labels of all series that have none of that name. `{host}`, `{machine_id}` and `{role}` in a
    /// value stand for what they are.
    pub labels: BTreeMap<String, String>,
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
            spool: Spool::default(),
            relabel: Vec::new(),
            labels: BTreeMap::new(),
            settings: Settings::default(),
        }
    }
}

/// Where batches wait until they are delivered: on disk, below `state_folder`, so that they outlast
/// the end of the program. When its budget is spent the oldest batches go, counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spool {
    /// Whether batches wait on disk; else in memory only.
    pub enabled: bool,
    /// How much disk it may take.
    pub max_size: Size,
    /// How old a batch may get.
    pub max_age: Duration,
}

impl Default for Spool {
    fn default() -> Self {
        Self {
            enabled: true,
            max_size: Size::mib(256),
            max_age: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl ExporterSection {
    /// How what it takes is changed, and waits.
    pub fn sending(&self, takes: export::Takes) -> export::Sending {
        export::Sending {
            takes,
            queue: self.queue as usize,
            spool: self.spool.enabled.then(|| Budget {
                bytes: self.spool.max_size.bytes(),
                age: self.spool.max_age.get(),
            }),
            rules: self.relabel.clone(),
            labels: self.labels.clone(),
        }
    }
}
