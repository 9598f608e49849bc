//! Of which checks it tells.

use gaxx_sdk::{Severity, Standing, Transition};

/// Of which checks it tells.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    /// Names; `*` at the end stands for any rest. Empty: all.
    pub(crate) checks: Vec<String>,
    /// Only those that have one of them. Empty: all.
    pub(crate) tags: Vec<String>,
    /// The least that they matter.
    pub(crate) severity: Severity,
    /// Whether those that are silenced, too.
    pub(crate) silenced: bool,
}

impl Filter {
    pub(crate) fn takes_change(&self, change: &Transition) -> bool {
        self.takes(
            &change.check,
            &change.tags,
            change.severity,
            change.silenced,
        )
    }

    pub(crate) fn takes_standing(&self, standing: &Standing) -> bool {
        self.takes(
            &standing.check,
            &standing.tags,
            standing.severity,
            standing.silenced,
        )
    }

    fn takes(&self, check: &str, tags: &[String], severity: Severity, silenced: bool) -> bool {
        let is_named = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => check.starts_with(start),
            None => pattern == check,
        };
        (self.checks.is_empty() || self.checks.iter().any(is_named))
            && (self.tags.is_empty() || self.tags.iter().any(|tag| tags.contains(tag)))
            && severity >= self.severity
            && (self.silenced || !silenced)
    }
}
