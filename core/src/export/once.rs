//! One batch, sent at once: for who wants to see whether it works.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gaxx_abi::Attribute;
use tokio::sync::oneshot;

use super::sending::{Home, Sending};
use crate::{
    health::Engine,
    plugin::{
        Begun, Component, Object, nanos,
        record::{Failure, Reason},
    },
    registry::Registry,
};

/// The number of the only descriptions.
const FIRST: u64 = 1;

/// What was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// How many samples.
    pub samples: usize,
    /// How many series were left out, by relabel or because another one has their name.
    pub left_out: u64,
    /// How long the exporter took.
    pub took: Duration,
}

/// Sends what is measured at this moment, past queue and spool, and flushes.
///
/// # Errors
///
/// Why it was not delivered.
pub async fn once(
    component: &Arc<Component>,
    (registry, health): (&Registry, &Arc<Engine>),
    resource: &Arc<[Attribute]>,
    sending: &Sending,
    home: &Home,
) -> Result<Sent, Failure> {
    let (cargo, left_out) = sending.origin(registry, health, &home.facts).take();
    let samples = cargo.size();
    let deadline = component.timing.deadline;
    let (sender, receiver) = oneshot::channel();
    let resource = Arc::clone(resource);
    let began = Instant::now();
    let begun = component.begin(
        deadline,
        move |object| match object {
            Object::Exporter(exporter) => {
                cargo.hand_over(exporter, FIRST, &resource, nanos(deadline))?;
                exporter.flush(nanos(deadline)).into_result()
            }
            _ => Ok(()),
        },
        move |result| {
            // Who has given up waiting needs no answer.
            let _ = sender.send(result);
        },
    );
    if begun != Begun::Yes {
        return Err(Failure::new(
            Reason::Error,
            "the exporter is not ready",
            "look at gaxx-mon plugins",
        ));
    }
    let late = || {
        Failure::new(
            Reason::Error,
            format!("the exporter did not end within {deadline:?}"),
            "raise exporters.NAME.deadline, or look whether the receiver is up",
        )
    };
    // A moment more than the exporter knows of.
    let result = tokio::time::timeout(deadline + Duration::from_secs(1), receiver).await;
    result.map_err(|_| late())?.map_err(|_| late())??;
    Ok(Sent {
        samples,
        left_out: left_out.dropped + left_out.clashing,
        took: began.elapsed(),
    })
}
