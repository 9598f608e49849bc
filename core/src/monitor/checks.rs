//! Runs of health checks.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use gaxx_abi::{Fault, abi_std::RVec, fault};

use super::Monitor;
use crate::{
    health::{self, AGENT_API, Engine, OwnApi, TASKS, check_name, own_checks},
    plugin::{
        Begun, Component, Kind, Object, Running, nanos,
        record::{Reason, Record},
    },
    registry::Owner,
    task,
};

/// Begins a run of a check; what it says goes to the engine.
pub(super) fn begin(component: &Arc<Component>, health: &Arc<Engine>) -> Begun {
    let deadline = component.timing.deadline;
    let (name, health) = (check_name(&component.owner), Arc::clone(health));
    let (table, host) = (Arc::clone(&component.table), Arc::clone(&component.host));
    let began = Instant::now();
    component.begin(
        deadline,
        move |object| {
            let Object::HealthCheck(check) = object else {
                return Err(not_a_check());
            };
            let verdict = check.check(nanos(deadline)).into_result();
            let mut points = RVec::new();
            object.points(&mut points);
            table.deliver(&points, SystemTime::now());
            verdict
        },
        move |result| {
            // One that has been replaced says nothing of the new one.
            if !host.is_cancelled() {
                health.take(&name, result, began.elapsed());
            }
        },
    )
}

/// Tells the engine that a check is late.
pub(super) fn late(component: &Component, health: &Engine) {
    let record = component.record();
    if let (Some(failure), Some(call)) = (record.failure, record.call) {
        health.take(
            &check_name(&component.owner),
            Err(failure),
            call.started.elapsed(),
        );
    }
}

/// Tells the engine that a check could not be run when it was time, because it hangs or too many
/// others do. Each time counts: else a check that hangs would never fail as often as it must.
pub(super) fn missed(component: &Component, health: &Engine) {
    let Record {
        call,
        failure: Some(failure),
        ..
    } = component.record()
    else {
        return;
    };
    let missed = call
        .as_ref()
        .map_or(failure.reason == Reason::Stuck, |call| call.late);
    if missed && component.kind == Kind::HealthCheck {
        let took = call.map_or(Duration::ZERO, |call| call.started.elapsed());
        health.take(&check_name(&component.owner), Err(failure), took);
    }
}

fn not_a_check() -> Fault {
    Fault {
        kind: fault::kind::UNKNOWN,
        message: "this component is not a health check".into(),
        remedy: "".into(),
        retry_after: 0,
        attributes: RVec::new(),
    }
}

impl Monitor {
    /// Begins a run of the checks that are wanted, the program's own included.
    pub fn begin_checks(&self, wanted: impl Fn(&Owner) -> bool) -> Vec<Arc<Component>> {
        for name in own_checks(self.instruments.role) {
            self.check_itself(name);
        }
        let components = self.catalog.components().into_iter();
        let mut pending = Vec::new();
        for component in
            components.filter(|one| one.kind == Kind::HealthCheck && wanted(&one.owner))
        {
            begin(&component, &self.health);
            pending.push(component);
        }
        pending
    }

    /// Says where the API is that the program serves, so that a check can ask it.
    pub fn note_api(&self, api: OwnApi) {
        *self.api.lock() = Some(api);
    }

    /// Runs a check of the program itself.
    pub(super) fn check_itself(&self, name: &'static str) {
        let began = Instant::now();
        let config = self.config();
        let verdict = match name {
            TASKS => {
                let live = tokio::runtime::Handle::current()
                    .metrics()
                    .num_alive_tasks();
                health::tasks(live as u64, &config.health.tasks)
            }
            AGENT_API => return self.ask_api(),
            _ => health::collectors(&self.collectors(), &config.health.collectors),
        };
        self.health.take(name, Ok(verdict), began.elapsed());
    }

    /// Asks the API, beside whoever calls; nothing where there is none yet.
    fn ask_api(&self) {
        let Some(api) = self.api.lock().clone() else {
            return;
        };
        let health = Arc::clone(&self.health);
        task::spawn("check", async move {
            let began = Instant::now();
            let verdict = api.check().await;
            health.take(AGENT_API, Ok(verdict), began.elapsed());
        });
    }

    /// Every collector that should deliver, and why it does not.
    fn collectors(&self) -> Vec<(String, Option<String>)> {
        let plugins = self.catalog.plugins();
        let running = plugins.iter().flat_map(|plugin| &plugin.components);
        let running = running.map(|Running { component, want }| (want, component.record().failure));
        let broken = plugins.iter().flat_map(|plugin| &plugin.broken);
        let broken = broken.map(|broken| (&broken.want, Some(broken.failure.clone())));
        let collectors = running
            .chain(broken)
            .filter(|(want, _)| want.kind == Kind::Collector);
        collectors
            .map(|(want, failure)| {
                (
                    want.owner.to_string(),
                    failure.map(|failure| failure.message),
                )
            })
            .collect()
    }

    /// Tells the engine if this check has not answered in time.
    pub fn note_late(&self, component: &Component) {
        if component.overdue(Instant::now()) {
            late(component, &self.health);
        }
    }
}
