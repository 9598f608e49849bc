//! The schedule: who runs when, and who is late.
//!
//! One task looks at all components; calls run on the pool's threads. So a thousand components
//! cost no more tasks than ten.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Monitor, checks, history};
use crate::{
    health::own_checks,
    plugin::{Begun, Component, Kind, collecting},
    process,
};

/// How often collectors run while somebody looks.
const WATCHED: Duration = Duration::from_secs(2);
/// After this long what was needed to load and to make plugins is not needed any more.
const SETTLED: Duration = Duration::from_secs(3);
/// The longest time between two looks at calls that are under way.
const LOOK: Duration = Duration::from_millis(500);
/// While a call has not come back, the pool is looked after this often.
const CALL_LOOK: Duration = Duration::from_millis(20);

/// Checks that become due within this time run together.
const TICK: Duration = Duration::from_millis(10);
/// The golden ratio's fraction: its multiples' fractions lie evenly, however many there are.
const EVENLY: f64 = 0.618_033_988_749_895;

struct Entry {
    component: Arc<Component>,
    next: Instant,
    expired: bool,
    /// Whether a call may be under way.
    busy: bool,
    /// What part of its interval it waits for its second run, so that those of one interval do not
    /// all run at once for ever; nothing after that.
    spread: Option<f64>,
}

impl Monitor {
    /// Runs collectors and checks when it is time; never ends.
    pub(super) async fn keep_schedule(&self) {
        let mut entries: Vec<Entry> = Vec::new();
        let mut plugins = None;
        let mut trim = None;
        let own_checks = own_checks(self.instruments.role).iter();
        let mut own_checks: Vec<_> = own_checks.map(|name| (*name, Instant::now())).collect();
        let mut exporters: Vec<(String, Instant)> = Vec::new();
        let mut sample = Instant::now() + Duration::from_secs(1);
        loop {
            let current = self.catalog.plugins();
            if !plugins
                .as_ref()
                .is_some_and(|known| Arc::ptr_eq(known, &current))
            {
                plugins = Some(current);
                entries = follow(entries, self.catalog.components());
                // Also after a reload, and for an exporter that took long to make.
                let limit = Instant::now() + self.config().limits.shutdown_timeout.get();
                self.exports.follow(&self.catalog, limit).await;
                let names = self.exports.checks().await.into_iter();
                exporters = names.map(|name| (name, Instant::now())).collect();
                trim = Some(Instant::now() + SETTLED);
            }
            let now = Instant::now();
            let watched = self.pages.any();
            let mut wake = self.look(&mut entries, now, watched);
            for (name, next) in &mut own_checks {
                if now >= *next {
                    self.check_itself(name);
                    *next = now + self.config().health.check(name).interval.get();
                }
                wake = wake.min(*next);
            }
            for (name, next) in &mut exporters {
                if now >= *next {
                    let config = self.config();
                    self.exports.check(name, &self.health, &config.health).await;
                    *next = now + config.health.check(name).interval.get();
                }
                wake = wake.min(*next);
            }
            if now >= sample {
                self.sample();
                let rest = self.config().telemetry.metrics_interval.get();
                sample = now + if watched { WATCHED.min(rest) } else { rest };
            }
            if trim.is_some_and(|trim| now >= trim) {
                process::code::give_back(&self.launcher.loader().copies_folder());
                trim = None;
            }
            wake = trim.unwrap_or(wake).min(wake).min(sample);
            tokio::select! {
                () = tokio::time::sleep_until(wake.into()) => {}
                () = self.changed.notified() => sample = Instant::now(),
            }
        }
    }

    /// Begins what is due, marks what is late; answers when to look again.
    fn look(&self, entries: &mut [Entry], now: Instant, watched: bool) -> Instant {
        let mut wake = now + Duration::from_mins(1);
        for entry in entries {
            if entry.rests(now) {
                wake = wake.min(entry.next);
                continue;
            }
            let component = &Arc::clone(&entry.component);
            if component.overdue(now) && component.kind == Kind::HealthCheck {
                checks::late(component, &self.health);
            }
            entry.expire_if_old();
            if component.kind != Kind::Exporter {
                let interval = interval(component, watched);
                // Somebody began to look: what would run later runs now.
                entry.next = entry.next.min(now + interval);
                if now >= entry.next {
                    entry.next = now + entry.wait(interval);
                    entry.busy = true;
                    match self.begin(component) {
                        Begun::Yes => entry.expired = false,
                        Begun::Busy | Begun::Refused => checks::missed(component, &self.health),
                    }
                }
                wake = wake.min(entry.next);
            }
            let call = component.record().call;
            entry.busy = call.is_some();
            if let Some(call) = call {
                wake = wake.min(if call.late {
                    now + LOOK
                } else {
                    now + CALL_LOOK
                });
            }
        }
        wake.max(now + TICK)
    }

    fn begin(&self, component: &Arc<Component>) -> Begun {
        match component.kind {
            Kind::HealthCheck => checks::begin(component, &self.health),
            _ => collecting::begin(component),
        }
    }

    fn sample(&self) {
        let snapshot = self.snapshot();
        history::lock(&self.history).sample(&snapshot, Instant::now());
    }
}

impl Entry {
    /// Whether nothing is to be done with it now. Only checks rest: calls of all else may be begun by
    /// others, and their values grow old.
    fn rests(&self, now: Instant) -> bool {
        let is_check = self.component.kind == Kind::HealthCheck;
        is_check && !self.busy && now < self.next
    }

    /// How long it waits for its next run.
    fn wait(&mut self, interval: Duration) -> Duration {
        let part = self.spread.take();
        part.map_or(interval, |part| interval.mul_f64(part))
    }

    /// Takes the values away that are kept for too long.
    fn expire_if_old(&mut self) {
        let record = self.component.record();
        let delivered = self.component.table.status().delivered;
        let age = delivered
            .and_then(|at| at.elapsed().ok())
            .unwrap_or_default();
        let old = age > self.component.timing.keep;
        if old && record.failure.is_some() && !self.expired {
            self.component.table.expire();
            self.expired = true;
        }
    }
}

/// Keeps the times of components that stay; new ones run at once.
fn follow(before: Vec<Entry>, components: Vec<Arc<Component>>) -> Vec<Entry> {
    let by_place = |entry: Entry| (Arc::as_ptr(&entry.component), entry);
    let mut before: HashMap<_, _> = before.into_iter().map(by_place).collect();
    let entries = components.into_iter().enumerate().map(|(at, component)| {
        let is_check = component.kind == Kind::HealthCheck;
        before
            .remove(&Arc::as_ptr(&component))
            .unwrap_or_else(|| Entry {
                component,
                next: Instant::now(),
                expired: false,
                busy: false,
                spread: is_check.then(|| ((at + 1) as f64 * EVENLY).fract()),
            })
    });
    entries.collect()
}

fn interval(component: &Component, watched: bool) -> Duration {
    let own = component.timing.interval;
    if watched && collecting::is_collected(component) {
        own.min(WATCHED)
    } else {
        own
    }
}

/// Stops components, side by side, until the deadline. Exporters are stopped by their workers, which
/// have batches to send before.
pub(super) async fn stop(components: &[Arc<Component>], deadline: Instant) {
    let stopping = components
        .iter()
        .filter(|component| component.kind != Kind::Exporter);
    futures_util::future::join_all(stopping.map(|component| component.stop(deadline))).await;
}
