//! Collections: by the clock, and for a scrape.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use gaxx_abi::abi_std::RVec;

use super::{Begun, Component, Kind, nanos};
use crate::registry::Selection;

/// Begins a collection of a collector, or reads the numbers of an endpoint.
pub fn begin(component: &Arc<Component>) -> Begun {
    let deadline = component.timing.deadline;
    let table = Arc::clone(&component.table);
    component.begin(
        deadline,
        move |object| {
            let mut points = RVec::new();
            object.measure(nanos(deadline), &mut points)?;
            Ok(points)
        },
        move |result| {
            if let Ok(points) = result {
                table.deliver(&points, SystemTime::now());
            }
        },
    )
}

/// Whether its numbers come by collections.
pub fn is_collected(component: &Component) -> bool {
    matches!(component.kind, Kind::Collector | Kind::Endpoint)
}

/// Has the numbers of all selected components that are older than `max_age` collected anew, and
/// waits for them, no longer than `patience`.
///
/// Collections that are under way are shared. None is waited for after its own deadline, or longer
/// than `patience` since it began: what is late for one scrape is late for all.
pub async fn refresh(
    components: &[Arc<Component>],
    selection: &Selection,
    max_age: Duration,
    patience: Duration,
) {
    let now = Instant::now();
    let mut pending = Vec::new();
    let selected = components
        .iter()
        .filter(|component| selection.takes(&component.owner));
    for component in selected.filter(|component| is_collected(component)) {
        let record = component.record();
        if record.age().is_some_and(|age| age <= max_age) {
            continue;
        }
        if let Some(call) = record.call {
            pending.push((component, (call.started + patience).min(call.due)));
        } else if begin(component) == Begun::Yes {
            pending.push((component, now + patience.min(component.timing.deadline)));
        }
    }
    for (component, until) in pending {
        if !component.idle(until).await {
            component.table.mark_late();
        }
    }
}
