//! What is told of checks: changes, and how they stand.

use std::{collections::BTreeMap, time::SystemTime};

use serde::{Serialize, Serializer};

use super::Status;
use crate::{config::CheckSeverity, time::rfc3339};

/// A check that has changed its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// The name of the check.
    pub check: String,
    /// What it was; unknown where nothing was known.
    pub from: Status,
    /// What it is.
    pub to: Status,
    /// What it said.
    pub message: String,
    /// When.
    #[serde(serialize_with = "time")]
    pub time: SystemTime,
    /// How much it matters.
    pub severity: CheckSeverity,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it is silenced.
    pub silenced: bool,
    /// Facts behind it.
    pub details: BTreeMap<String, String>,
}

/// How a check stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The name of the check.
    pub check: String,
    /// What it is.
    pub status: Status,
    /// Since when.
    #[serde(serialize_with = "time")]
    pub since: SystemTime,
    /// What it said last.
    pub message: String,
    /// How much it matters.
    pub severity: CheckSeverity,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it is silenced.
    pub silenced: bool,
}

pub(super) fn time<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}
