//! Runs of health checks.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use gaxx_abi::{Fault, abi_std::RVec, fault};

use super::Monitor;
use crate::{
    health::{Engine, OWN_CHECKS, check_name},
    plugin::{
        Begun, Component, Kind, Object, nanos,
        record::{Reason, Record},
    },
    registry::Owner,
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
        for name in OWN_CHECKS {
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

    /// Tells the engine if this check has not answered in time.
    pub fn note_late(&self, component: &Component) {
        if component.overdue(Instant::now()) {
            late(component, &self.health);
        }
    }
}
