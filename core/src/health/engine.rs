//! Keeps what checks said.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use gaxx_abi::Verdict;

use super::{CheckReport, Report, Status, Steady};
use crate::{
    instruments,
    plugin::{record::Failure, text::one_line},
    time::rfc3339,
};

/// Texts of a check are cut after so many characters.
const LONGEST: usize = 2000;
/// Facts of a check beyond these are left out.
const MOST_DETAILS: usize = 64;

/// How many results in a row change a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// To get better.
    pub rise: u32,
    /// To get worse.
    pub fall: u32,
}

/// Keeps what checks said.
pub struct Engine {
    metrics: instruments::Health,
    checks: Mutex<BTreeMap<String, Check>>,
}

#[derive(Debug)]
struct Check {
    rules: Rules,
    steady: Steady,
    message: String,
    details: BTreeMap<String, String>,
    checked: Option<SystemTime>,
    took: Duration,
}

impl Engine {
    /// An engine that knows of no checks.
    pub fn new(metrics: instruments::Health) -> Self {
        metrics.set_overall(Status::Healthy);
        Self {
            metrics,
            checks: Mutex::default(),
        }
    }

    /// Says which checks there are. What is known of those that stay is kept.
    pub fn expect(&self, expected: impl IntoIterator<Item = (String, Rules)>) {
        let mut checks = self.lock();
        let mut before = std::mem::take(&mut *checks);
        for (name, rules) in expected {
            let check = before.remove(&name).map_or_else(
                || {
                    self.metrics.set(&name, Status::Unknown);
                    Check::new(rules)
                },
                |check| Check { rules, ..check },
            );
            checks.insert(name, check);
        }
        for name in before.keys() {
            self.metrics.forget(name);
        }
        self.metrics.set_overall(overall(checks.values()));
    }

    /// Takes in what a check said, or why it failed. One that is not expected is passed over.
    pub fn take(&self, name: &str, result: Result<Verdict, Failure>, took: Duration) {
        let mut checks = self.lock();
        let Some(check) = checks.get_mut(name) else {
            return;
        };
        let (status, message, details) = match result {
            Ok(verdict) => {
                let details = verdict.details.into_iter().take(MOST_DETAILS);
                let details = details
                    .map(|fact| (cut(&fact.name), cut(&fact.value)))
                    .collect();
                (
                    Status::from_number(verdict.status),
                    cut(&verdict.message),
                    details,
                )
            }
            Err(failure) => (Status::Unknown, cut(&failure.message), BTreeMap::new()),
        };
        self.metrics.ran(name, status, took);
        check.message = message;
        check.details = details;
        check.checked = Some(SystemTime::now());
        check.took = took;
        let Rules { rise, fall } = check.rules;
        let before = check.steady.current();
        if check.steady.take(status, rise, fall) {
            let now = check.steady.current().unwrap_or(status);
            self.metrics.set(name, now);
            match before {
                None if now == Status::Healthy => tracing::debug!(check = name, "healthy"),
                _ if now == Status::Healthy => {
                    tracing::info!(check = name, status = now.label(), "{}", check.message);
                }
                _ => tracing::warn!(check = name, status = now.label(), "{}", check.message),
            }
        }
        self.metrics.set_overall(overall(checks.values()));
    }

    /// The report of this moment.
    pub fn report(&self) -> Report {
        let checks = self.lock();
        Report {
            status: overall(checks.values()).label(),
            timestamp: rfc3339(SystemTime::now()),
            checks: checks
                .iter()
                .map(|(name, check)| check.report(name))
                .collect(),
        }
    }

    /// The status of the whole.
    pub fn status(&self) -> Status {
        overall(self.lock().values())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Check>> {
        // Every change is whole before anything could panic.
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Unhealthy if any check is; else degraded if any is degraded or cannot find out; else healthy.
/// Checks that have not run yet say nothing.
fn overall<'a>(checks: impl Iterator<Item = &'a Check>) -> Status {
    let worst = checks.filter_map(|check| check.steady.current()).max();
    match worst.unwrap_or(Status::Healthy) {
        Status::Unknown => Status::Degraded,
        status => status,
    }
}

impl Check {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            steady: Steady::new(),
            message: "not checked yet".to_owned(),
            details: BTreeMap::new(),
            checked: None,
            took: Duration::ZERO,
        }
    }

    fn report(&self, name: &str) -> CheckReport {
        CheckReport {
            name: name.to_owned(),
            status: self.steady.current().unwrap_or(Status::Unknown).label(),
            message: self.message.clone(),
            last_checked: self.checked.map(rfc3339),
            duration: self.took.as_secs_f64(),
            details: self.details.clone(),
        }
    }
}

fn cut(text: &str) -> String {
    one_line(text, LONGEST)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_abi::{abi_std::RVec, component::status};

    use super::*;
    use crate::{plugin::record::Reason, role::Role};

    const AT_ONCE: Rules = Rules { rise: 1, fall: 1 };

    fn engine(names: &[&str]) -> Engine {
        let engine = Engine::new(instruments::Instruments::new(Role::Main).health);
        engine.expect(names.iter().map(|name| ((*name).to_owned(), AT_ONCE)));
        engine
    }

    #[allow(clippy::unnecessary_wraps)] // It stands where an engine takes results.
    fn verdict(status: u32) -> Result<Verdict, Failure> {
        Ok(Verdict {
            status,
            message: "said".into(),
            details: RVec::new(),
        })
    }

    #[test]
    fn the_worst_check_decides() {
        let engine = engine(&["a", "b"]);
        assert_eq!(engine.report().status, "healthy");
        engine.take("a", verdict(status::DEGRADED), Duration::ZERO);
        assert_eq!(engine.report().status, "degraded");
        engine.take("b", verdict(status::UNHEALTHY), Duration::ZERO);
        assert_eq!(engine.report().status, "unhealthy");
    }

    #[test]
    fn a_check_that_fails_is_unknown_and_degrades() {
        let engine = engine(&["a"]);
        let failure = Failure::new(Reason::Panic, "panicked", "");
        engine.take("a", Err(failure), Duration::ZERO);
        let report = engine.report();
        assert_eq!(
            (report.status, report.checks[0].status),
            ("degraded", "unknown")
        );
        assert_eq!(report.checks[0].message, "panicked");
    }

    #[test]
    fn what_is_known_survives_a_reload_and_what_is_gone_goes() {
        let engine = engine(&["a", "b"]);
        engine.take("a", verdict(status::UNHEALTHY), Duration::ZERO);
        engine.expect([("a".to_owned(), AT_ONCE)]);
        let report = engine.report();
        assert_eq!(report.checks.len(), 1);
        assert_eq!(report.checks[0].status, "unhealthy");
        engine.expect([]);
        assert_eq!(engine.report().status, "healthy");
    }
}
