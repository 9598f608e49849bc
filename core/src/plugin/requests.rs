//! Requests to an endpoint: several at once, on threads of their own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gaxx_abi::EndpointBox;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{CallPool, Component, record::Failure};
use crate::task;

/// Requests that one endpoint answers at once; those that hang count.
const MOST: usize = 32;

/// The places for requests, and the threads.
pub(super) struct Requests {
    places: Arc<Semaphore>,
    pool: CallPool,
}

impl Requests {
    pub(super) fn new(pool: CallPool) -> Self {
        Self {
            places: Arc::new(Semaphore::new(MOST)),
            pool,
        }
    }
}

/// A place for a request; it is free again once the call has returned.
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Component {
    /// Takes one of an endpoint's places for requests; nothing where all are taken.
    pub fn admit(&self) -> Option<Place> {
        let permit = Arc::clone(&self.requests.places).try_acquire_owned().ok()?;
        Some(Place { _permit: permit })
    }

    /// Has a thread call the endpoint, beside other calls of it, and notes how that went.
    ///
    /// `call` answers what the plugin did wrong. Where the endpoint has come to its end, `call` is
    /// dropped.
    pub fn request(
        self: &Arc<Self>,
        place: Place,
        call: impl FnOnce(&EndpointBox) -> Option<Failure> + Send + 'static,
    ) {
        let Some(endpoint) = self.endpoint() else {
            return;
        };
        let (sender, over) = oneshot::channel();
        let label = self.label;
        let ticket = self.requests.pool.submit(move || {
            let _entered = label.enter();
            let began = Instant::now();
            let failure = call(&endpoint);
            let took = began.elapsed();
            drop((endpoint, place));
            // Nobody waits for it when the program ends.
            let _ = sender.send((took, failure));
        });
        let component = Arc::clone(self);
        task::spawn("request", async move {
            let pool = &component.requests.pool;
            let deadline = component.timing.deadline;
            component
                .watch(over, deadline, || pool.overdue(&ticket))
                .await;
        });
    }

    async fn watch(
        &self,
        mut over: oneshot::Receiver<(Duration, Option<Failure>)>,
        deadline: Duration,
        overdue: impl FnOnce(),
    ) {
        if let Ok(over) = tokio::time::timeout(deadline, &mut over).await {
            if let Ok((took, failure)) = over {
                self.change(|record| self.note(record, took, false, failure));
            }
            return;
        }
        overdue();
        let failure = self.too_late(deadline);
        self.metrics.missed(failure.reason);
        self.change(|record| {
            record.calls += 1;
            record.late_requests += 1;
            self.fail(record, failure);
        });
        let over = over.await;
        self.change(|record| {
            record.late_requests -= 1;
            if let Ok((took, failure)) = over {
                self.note(record, took, true, failure);
            }
        });
    }
}
