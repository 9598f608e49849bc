//! When checks run, and what their results make of the whole.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Duration, Threshold, Timestamp};

/// When health checks run, and what makes this program itself unhealthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// How often each check runs.
    pub interval: Duration,
    /// How long one run of a check may take; then it counts as failed.
    pub timeout: Duration,
    /// How many better results in a row it takes until a check gets better.
    #[schemars(range(min = 1, max = 1000))]
    pub rise: u32,
    /// How many worse results in a row it takes until a check gets worse.
    #[schemars(range(min = 1, max = 1000))]
    pub fall: u32,
    /// What differs for single checks, under the check's name: `PLUGIN/COMPONENT`,
    /// `PLUGIN/INSTANCE`, or as `gaxx-mon check` lists it.
    pub checks: BTreeMap<String, CheckSection>,
    /// Checks that are known to be ill, and of which nobody wants to be told for a while. More can be
    /// added at run time, at `/api/health/silences`.
    pub silences: Vec<Silence>,
    /// How many live asynchronous tasks of this program are too many.
    pub tasks: TaskThresholds,
    /// How many failing collectors are too many.
    pub collectors: CollectorThresholds,
    /// For how long an exporter may not deliver.
    pub export: ExportThresholds,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            timeout: Duration::from_secs(5),
            rise: 2,
            fall: 2,
            checks: BTreeMap::new(),
            silences: Vec::new(),
            tasks: TaskThresholds::default(),
            collectors: CollectorThresholds::default(),
            export: ExportThresholds::default(),
        }
    }
}

/// What differs for one check. What is not set is taken from `health`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckSection {
    /// Whether the check runs.
    pub enabled: bool,
    /// How often it runs.
    pub interval: Option<Duration>,
    /// How long one run may take.
    pub timeout: Option<Duration>,
    /// How many better results in a row it takes to get better.
    #[schemars(range(min = 1, max = 1000))]
    pub rise: Option<u32>,
    /// How many worse results in a row it takes to get worse.
    #[schemars(range(min = 1, max = 1000))]
    pub fall: Option<u32>,
    /// For how long from its start on it is not taken for ill while it has never been healthy; none
    /// if it is not set.
    pub grace: Option<Duration>,
    /// How much it matters.
    pub severity: CheckSeverity,
    /// Words by which checks are asked for, silenced and told of together.
    pub tags: Vec<String>,
}

/// How much a check matters to the whole.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum CheckSeverity {
    /// It is shown, and changes nothing.
    Info,
    /// The whole becomes degraded by it, and never unhealthy.
    Warning,
    /// The whole is as bad as it.
    #[default]
    Critical,
}

/// Checks that are known to be ill: those that have one of these names and one of these tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Names of checks; `*` at the end stands for any rest. Empty: any.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Tags of checks. Empty: any.
    #[serde(default)]
    pub tags: Vec<String>,
    /// When it ends, in UTC.
    pub until: Timestamp,
    /// For people.
    #[serde(default)]
    pub comment: String,
}

impl Default for CheckSection {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: None,
            timeout: None,
            rise: None,
            fall: None,
            grace: None,
            severity: CheckSeverity::default(),
            tags: Vec::new(),
        }
    }
}

/// How one check runs, with everything it inherits filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckPlan {
    /// Whether it runs.
    pub enabled: bool,
    /// How often.
    pub interval: Duration,
    /// How long one run may take.
    pub timeout: Duration,
    /// Better results in a row until it gets better.
    pub rise: u32,
    /// Worse results in a row until it gets worse.
    pub fall: u32,
    /// How long it may take to be healthy for the first time.
    pub grace: std::time::Duration,
    /// How much it matters.
    pub severity: CheckSeverity,
    /// Its tags.
    pub tags: Vec<String>,
}

impl Health {
    /// How the check `name` runs.
    #[must_use]
    pub fn check(&self, name: &str) -> CheckPlan {
        let own = self.checks.get(name).cloned().unwrap_or_default();
        CheckPlan {
            enabled: own.enabled,
            interval: own.interval.unwrap_or(self.interval),
            timeout: own.timeout.unwrap_or(self.timeout),
            rise: own.rise.unwrap_or(self.rise),
            fall: own.fall.unwrap_or(self.fall),
            grace: own.grace.map(Duration::get).unwrap_or_default(),
            severity: own.severity,
            tags: own.tags,
        }
    }
}

/// How many live asynchronous tasks are too many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TaskThresholds {
    /// From this many live tasks on the check is degraded.
    #[schemars(range(min = 1))]
    pub degraded: u64,
    /// From this many live tasks on the check is unhealthy.
    #[schemars(range(min = 1))]
    pub unhealthy: u64,
}

impl Default for TaskThresholds {
    fn default() -> Self {
        Self {
            degraded: 1_000,
            unhealthy: 10_000,
        }
    }
}

/// For how long an exporter may not deliver: the age of the oldest batch that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExportThresholds {
    /// From this age on its check is degraded.
    pub degraded: Duration,
    /// From this age on its check is unhealthy; so long it is also after batches were lost.
    pub unhealthy: Duration,
}

impl Default for ExportThresholds {
    fn default() -> Self {
        Self {
            degraded: Duration::from_secs(60),
            unhealthy: Duration::from_secs(600),
        }
    }
}

/// How many failing collectors are too many: a count, or a percentage of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CollectorThresholds {
    /// From this many failing collectors on the check is degraded.
    pub degraded: Threshold,
    /// From this many failing collectors on the check is unhealthy.
    pub unhealthy: Threshold,
}

impl Default for CollectorThresholds {
    fn default() -> Self {
        Self {
            degraded: Threshold::Count(1),
            unhealthy: Threshold::Percent(100.0),
        }
    }
}
