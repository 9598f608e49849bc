//! Keeps what checks said.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use gaxx_abi::Verdict;
use tokio::sync::broadcast;

use super::{
    CheckReport, Condition, Past, Report, Rules, Silence, SilenceError, Standing, Status,
    Transition, Wanted, history::History, silence::Silences,
};
use crate::{
    config::{self, CheckPlan, CheckSeverity},
    instruments,
    plugin::{record::Failure, text::one_line},
    time::rfc3339,
};

/// Texts of a check are cut after so many characters.
const LONGEST: usize = 2000;
/// Facts of a check beyond these are left out.
const MOST_DETAILS: usize = 64;
/// Changes that a follower may be behind.
const BEHIND: usize = 1024;

/// Keeps what checks said.
///
/// Locks are taken in this order: silences, checks.
pub struct Engine {
    metrics: instruments::Health,
    silences: Mutex<Silences>,
    checks: Mutex<BTreeMap<String, Check>>,
    history: History,
    news: broadcast::Sender<Arc<Transition>>,
}

#[derive(Debug)]
struct Check {
    rules: Rules,
    severity: CheckSeverity,
    tags: Vec<String>,
    condition: Condition,
    /// When its status changed last.
    since: SystemTime,
    silenced_until: Option<SystemTime>,
    message: String,
    details: BTreeMap<String, String>,
    checked: Option<SystemTime>,
    took: Duration,
}

/// What a check said at once.
struct Said {
    status: Status,
    message: String,
    details: BTreeMap<String, String>,
}

impl Engine {
    /// An engine that knows of no checks.
    pub fn new(metrics: instruments::Health) -> Self {
        metrics.set_overall(Status::Healthy);
        let (news, _) = broadcast::channel(BEHIND);
        Self {
            metrics,
            silences: Mutex::default(),
            checks: Mutex::default(),
            history: History::default(),
            news,
        }
    }

    /// Takes in the history and the silences that an earlier program has kept in this folder, and
    /// keeps there what comes. Waits for the disk.
    pub fn keep_in(&self, folder: &Path) {
        self.history.keep_in(folder);
        let mut silences = lock(&self.silences);
        silences.keep_in(folder, SystemTime::now());
        self.apply(&silences);
    }

    /// Says which checks there are, and what the configuration silences. What is known of those that
    /// stay is kept.
    pub fn expect(
        &self,
        expected: impl IntoIterator<Item = (String, CheckPlan)>,
        configured: &[config::Silence],
    ) {
        let mut silences = lock(&self.silences);
        silences.configure(configured);
        let mut checks = lock(&self.checks);
        let mut before = std::mem::take(&mut *checks);
        for (name, plan) in expected {
            let rules = Rules::of(&plan);
            let (severity, tags) = (plan.severity, plan.tags);
            let check = before.remove(&name).unwrap_or_else(|| {
                self.metrics.set(&name, Status::Unknown);
                Check::new()
            });
            let check = Check {
                rules,
                severity,
                tags,
                ..check
            };
            checks.insert(name, check);
        }
        for name in before.keys() {
            self.metrics.forget(name);
        }
        drop(checks);
        self.apply(&silences);
    }

    /// Notes with each check until when it is silenced.
    fn apply(&self, silences: &Silences) {
        let now = SystemTime::now();
        let mut checks = lock(&self.checks);
        for (name, check) in &mut *checks {
            check.silenced_until = silences.until(name, &check.tags);
        }
        self.metrics.set_silences(silences.current(now).len());
        self.metrics.set_overall(overall(checks.values(), now));
    }

    /// Takes in what a check said, or why it failed. One that is not expected is passed over.
    pub fn take(&self, name: &str, result: Result<Verdict, Failure>, took: Duration) {
        let said = Said::of(result);
        let now = SystemTime::now();
        let mut checks = lock(&self.checks);
        let Some(check) = checks.get_mut(name) else {
            return;
        };
        self.metrics.ran(name, said.status, took);
        let change = check
            .condition
            .take(said.status, check.rules, Instant::now());
        check.message = said.message;
        check.details = said.details;
        check.checked = Some(now);
        check.took = took;
        if let Some(change) = change {
            check.since = now;
            self.metrics.set(name, change.to);
            let was_known = change.from.is_some();
            tell(name, was_known, change.to, &check.message);
            // That a check is well at the start is no news.
            if was_known || change.to != Status::Healthy {
                self.metrics.changed(name, change.to);
                let transition = check.transition(name, change.from, change.to, now);
                self.history.add(&transition);
                // It may well be that nobody follows.
                let _ = self.news.send(Arc::new(transition));
            }
        }
        // Silences end by themselves.
        if change.is_some() || check.silenced_until.is_some() {
            self.metrics.set_overall(overall(checks.values(), now));
        }
    }

    /// All changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Transition>> {
        self.news.subscribe()
    }

    /// How all checks stand that have run.
    pub fn standings(&self) -> Vec<Standing> {
        let now = SystemTime::now();
        let checks = lock(&self.checks);
        let standings = checks.iter();
        standings
            .filter_map(|(name, check)| check.standing(name, now))
            .collect()
    }

    /// The report of this moment.
    pub fn report(&self) -> Report {
        self.report_of(&[])
    }

    /// The report of the checks that have one of these tags, or of all where there are none.
    pub fn report_of(&self, tags: &[String]) -> Report {
        let now = SystemTime::now();
        let checks = lock(&self.checks);
        let wanted =
            |check: &Check| tags.is_empty() || check.tags.iter().any(|it| tags.contains(it));
        let of_tags = checks.iter().filter(|(_, check)| wanted(check));
        Report {
            status: overall(of_tags.clone().map(|(_, check)| check), now).label(),
            timestamp: rfc3339(now),
            checks: of_tags
                .map(|(name, check)| check.report(name, now))
                .collect(),
        }
    }

    /// The status of the whole.
    pub fn status(&self) -> Status {
        overall(lock(&self.checks).values(), SystemTime::now())
    }

    /// What has become of this check, or of all; the newest first.
    pub fn history(&self, check: Option<&str>, most: usize) -> Vec<Past> {
        self.history.newest(check, most)
    }

    /// The silences in force.
    pub fn silences(&self) -> Vec<Silence> {
        lock(&self.silences).current(SystemTime::now())
    }

    /// Adds a silence. Waits for the disk.
    ///
    /// # Errors
    ///
    /// Why it is not taken.
    pub fn silence(&self, wanted: Wanted, author: &str) -> Result<Silence, SilenceError> {
        let mut silences = lock(&self.silences);
        let added = silences.add(wanted, author, SystemTime::now())?;
        self.apply(&silences);
        Ok(added)
    }

    /// Ends a silence. Waits for the disk.
    ///
    /// # Errors
    ///
    /// Why it goes on.
    pub fn end_silence(&self, id: &str) -> Result<(), SilenceError> {
        let mut silences = lock(&self.silences);
        silences.end(id)?;
        self.apply(&silences);
        Ok(())
    }

    /// Waits until the history is written, at most so long.
    pub fn flush(&self, within: Duration) {
        self.history.flush(within);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is whole before anything could panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tell(name: &str, was_known: bool, status: Status, message: &str) {
    match status {
        Status::Healthy if !was_known => tracing::debug!(check = name, "healthy"),
        Status::Healthy => tracing::info!(check = name, status = status.label(), "{message}"),
        _ => tracing::warn!(check = name, status = status.label(), "{message}"),
    }
}

/// Unhealthy if any check is; else degraded if any is degraded or cannot find out; else healthy.
/// Checks that have not run yet say nothing, nor do those that are silenced.
fn overall<'a>(checks: impl Iterator<Item = &'a Check>, now: SystemTime) -> Status {
    let worst = checks.filter_map(|check| check.effect(now)).max();
    match worst.unwrap_or(Status::Healthy) {
        Status::Unknown => Status::Degraded,
        status => status,
    }
}

impl Said {
    fn of(result: Result<Verdict, Failure>) -> Self {
        match result {
            Ok(verdict) => {
                let details = verdict.details.into_iter().take(MOST_DETAILS);
                Self {
                    status: Status::from_number(verdict.status),
                    message: cut(&verdict.message),
                    details: details
                        .map(|fact| (cut(&fact.name), cut(&fact.value)))
                        .collect(),
                }
            }
            Err(failure) => Self {
                status: Status::Unknown,
                message: cut(&failure.message),
                details: BTreeMap::new(),
            },
        }
    }
}

impl Check {
    fn new() -> Self {
        Self {
            rules: Rules::default(),
            severity: CheckSeverity::default(),
            tags: Vec::new(),
            condition: Condition::new(Instant::now()),
            since: SystemTime::now(),
            silenced_until: None,
            message: "not checked yet".to_owned(),
            details: BTreeMap::new(),
            checked: None,
            took: Duration::ZERO,
        }
    }

    fn is_silenced(&self, now: SystemTime) -> bool {
        self.silenced_until.is_some_and(|until| until > now)
    }

    /// What it makes of the whole.
    fn effect(&self, now: SystemTime) -> Option<Status> {
        let status = self.condition.current()?;
        match self.severity {
            _ if self.is_silenced(now) => None,
            CheckSeverity::Info => None,
            CheckSeverity::Warning => Some(status.min(Status::Degraded)),
            CheckSeverity::Critical => Some(status),
        }
    }

    fn transition(
        &self,
        name: &str,
        from: Option<Status>,
        to: Status,
        now: SystemTime,
    ) -> Transition {
        Transition {
            check: name.to_owned(),
            from: from.unwrap_or(Status::Unknown),
            to,
            message: self.message.clone(),
            time: now,
            severity: self.severity,
            tags: self.tags.clone(),
            silenced: self.is_silenced(now),
            details: self.details.clone(),
        }
    }

    fn standing(&self, name: &str, now: SystemTime) -> Option<Standing> {
        Some(Standing {
            check: name.to_owned(),
            status: self.condition.current()?,
            since: self.since,
            message: self.message.clone(),
            severity: self.severity,
            tags: self.tags.clone(),
            silenced: self.is_silenced(now),
        })
    }

    fn report(&self, name: &str, now: SystemTime) -> CheckReport {
        let status = self.condition.current();
        CheckReport {
            name: name.to_owned(),
            status: status.unwrap_or(Status::Unknown).label(),
            message: self.message.clone(),
            last_checked: self.checked.map(rfc3339),
            duration: self.took.as_secs_f64(),
            details: self.details.clone(),
            since: status.map(|_| rfc3339(self.since)),
            severity: self.severity,
            tags: self.tags.clone(),
            silenced: self.is_silenced(now),
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

    /// Checks whose first result in another direction counts.
    fn plan(severity: CheckSeverity, tags: &[&str]) -> CheckPlan {
        let plan = config::Health::default().check("any");
        CheckPlan {
            rise: 1,
            fall: 1,
            severity,
            tags: tags.iter().map(ToString::to_string).collect(),
            ..plan
        }
    }

    fn plain(name: &str) -> (String, CheckPlan) {
        (name.to_owned(), plan(CheckSeverity::Critical, &[]))
    }

    fn engine_of(expected: Vec<(String, CheckPlan)>) -> Engine {
        let engine = Engine::new(instruments::Instruments::new(Role::Main).health);
        engine.expect(expected, &[]);
        engine
    }

    fn engine(names: &[&str]) -> Engine {
        engine_of(names.iter().map(|name| plain(name)).collect())
    }

    fn silence(engine: &Engine, json: &str) -> Silence {
        let wanted = serde_json::from_str(json).unwrap();
        engine.silence(wanted, "somebody").unwrap()
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
        engine.expect([plain("a")], &[]);
        let report = engine.report();
        assert_eq!(report.checks.len(), 1);
        assert_eq!(report.checks[0].status, "unhealthy");
        engine.expect([], &[]);
        assert_eq!(engine.report().status, "healthy");
    }

    #[test]
    fn severity_bounds_what_a_check_does_to_the_whole() {
        use CheckSeverity::{Critical, Info, Warning};
        for (severity, expected) in [
            (Info, "healthy"),
            (Warning, "degraded"),
            (Critical, "unhealthy"),
        ] {
            let engine = engine_of(vec![("a".to_owned(), plan(severity, &[]))]);
            engine.take("a", verdict(status::UNHEALTHY), Duration::ZERO);
            let report = engine.report();
            assert_eq!(
                (report.status, report.checks[0].status),
                (expected, "unhealthy")
            );
        }
    }

    #[test]
    fn a_silenced_check_is_shown_and_does_no_harm() {
        let engine = engine(&["a", "b"]);
        engine.take("a", verdict(status::UNHEALTHY), Duration::ZERO);
        let added = silence(&engine, r#"{"checks": ["a"], "for": "1h"}"#);
        let report = engine.report();
        assert_eq!(
            (
                report.status,
                report.checks[0].status,
                report.checks[0].silenced
            ),
            ("healthy", "unhealthy", true)
        );
        assert!(engine.standings()[0].silenced);
        engine.end_silence(&added.id).unwrap();
        assert_eq!(engine.report().status, "unhealthy");
        // It ends by itself, too.
        silence(&engine, r#"{"checks": ["a"], "for": "20ms"}"#);
        assert_eq!(engine.status(), Status::Healthy);
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(engine.status(), Status::Unhealthy);
        assert!(engine.silences().is_empty());
    }

    #[test]
    fn tags_choose_checks_and_their_status() {
        let of = |tag| plan(CheckSeverity::Critical, &[tag, "all"]);
        let engine = engine_of(vec![
            ("a".to_owned(), of("web")),
            ("b".to_owned(), of("db")),
        ]);
        engine.take("a", verdict(status::UNHEALTHY), Duration::ZERO);
        engine.take("b", verdict(status::HEALTHY), Duration::ZERO);
        let report = |tag: &str| {
            let report = engine.report_of(&[tag.to_owned()]);
            (report.status, report.checks.len())
        };
        assert_eq!(report("web"), ("unhealthy", 1));
        assert_eq!(report("db"), ("healthy", 1));
        assert_eq!(report("all"), ("unhealthy", 2));
        assert_eq!(report("none"), ("healthy", 0));
    }

    #[test]
    fn changes_are_told_and_kept() {
        let engine = engine(&["a", "b"]);
        let mut followed = engine.subscribe();
        // That it is well at first is no news.
        engine.take("a", verdict(status::HEALTHY), Duration::ZERO);
        engine.take("b", verdict(status::DEGRADED), Duration::ZERO);
        engine.take("a", verdict(status::UNHEALTHY), Duration::ZERO);
        engine.take("a", verdict(status::UNHEALTHY), Duration::ZERO);
        engine.take("a", verdict(status::HEALTHY), Duration::ZERO);
        let told: Vec<_> = std::iter::from_fn(|| followed.try_recv().ok()).collect();
        let told: Vec<_> = told
            .iter()
            .map(|it| (it.check.as_str(), it.from.label(), it.to.label()))
            .collect();
        assert_eq!(
            told,
            [
                ("b", "unknown", "degraded"),
                ("a", "healthy", "unhealthy"),
                ("a", "unhealthy", "healthy")
            ]
        );
        let kept: Vec<_> = engine
            .history(Some("a"), 10)
            .into_iter()
            .map(|past| past.to)
            .collect();
        assert_eq!(kept, ["healthy", "unhealthy"]);
        assert_eq!(engine.history(None, 1).len(), 1);
    }
}
