//! The task of one exporter.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gaxx_abi::{Attribute, abi_std::RVec};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{sleep_until, timeout_at},
};

use super::{backoff::Backoff, queue::Queue};
use crate::{
    instruments::ExporterMetrics,
    plugin::{Begun, Component, Object, nanos, record::Failure},
    registry::{Exported, Registry},
    task,
};

/// A running exporter.
pub struct Worker {
    /// The exporter.
    pub component: Arc<Component>,
    stop: watch::Sender<Option<Instant>>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Sends one last batch and what still waits, until the deadline, flushes, and stops the
    /// exporter.
    pub async fn finish(self, deadline: Instant) {
        self.stop.send_replace(Some(deadline));
        // The task ends by the deadline; what a panic in it would tell is in the log.
        let _ = self.task.await;
    }
}

/// Starts an exporter's task. `resource` is what is true of all it sends.
pub fn start(
    component: Arc<Component>,
    registry: Registry,
    resource: Arc<[Attribute]>,
    queue: usize,
    metrics: ExporterMetrics,
) -> Worker {
    let (stop, stopping) = watch::channel(None);
    let exporting = Exporting {
        component: Arc::clone(&component),
        registry,
        resource,
        queue: Queue::new(queue, metrics.clone()),
        metrics,
        backoff: Backoff::default(),
        next_try: Instant::now(),
    };
    Worker {
        component,
        stop,
        task: task::spawn("export", exporting.run(stopping)),
    }
}

type Delivery = oneshot::Receiver<Result<(), Failure>>;

struct Exporting {
    component: Arc<Component>,
    registry: Registry,
    resource: Arc<[Attribute]>,
    queue: Queue,
    metrics: ExporterMetrics,
    backoff: Backoff,
    next_try: Instant,
}

impl Exporting {
    async fn run(mut self, mut stopping: watch::Receiver<Option<Instant>>) {
        let interval = self.component.timing.interval;
        let mut next_batch = Instant::now() + interval;
        let mut delivery: Option<(Arc<Exported>, Delivery)> = None;
        let deadline = loop {
            if delivery.is_none() && Instant::now() >= self.next_try {
                // A call gives its result a moment before it has returned.
                self.component.idle(next_batch).await;
                delivery = self.deliver();
            }
            let wake = if delivery.is_none() && self.queue.len() > 0 {
                next_batch.min(self.next_try)
            } else {
                next_batch
            };
            tokio::select! {
                stopped = stopping.wait_for(Option::is_some) => {
                    // A worker that is dropped instead of finished ends at once.
                    break stopped.ok().and_then(|deadline| *deadline).unwrap_or_else(Instant::now);
                }
                result = result_of(&mut delivery) => {
                    if let Some((batch, _)) = delivery.take() {
                        self.settle(batch, result);
                    }
                }
                () = sleep_until(wake.into()) => {
                    if Instant::now() >= next_batch {
                        self.queue.push(Arc::new(self.registry.snapshot().export()));
                        // Missed times are passed over: one batch tells all.
                        next_batch = (next_batch + interval).max(Instant::now());
                    }
                }
            }
        };
        self.end(delivery, deadline).await;
    }

    /// Begins to deliver the oldest batch.
    fn deliver(&mut self) -> Option<(Arc<Exported>, Delivery)> {
        let batch = self.queue.take()?;
        let (sender, receiver) = oneshot::channel();
        let deadline = self.component.timing.deadline;
        let (sent, resource) = (Arc::clone(&batch), Arc::clone(&self.resource));
        let table = Arc::clone(&self.component.table);
        let begun = self.component.begin(
            deadline,
            move |object| {
                let result = match object {
                    Object::Exporter(exporter) => exporter
                        .export(sent.batch(&resource), nanos(deadline))
                        .into_result(),
                    _ => Ok(()),
                };
                let mut points = RVec::new();
                object.points(&mut points);
                table.deliver(&points, std::time::SystemTime::now());
                result
            },
            move |result| {
                // Nobody waits for it any more after a stop.
                let _ = sender.send(result);
            },
        );
        if begun != Begun::Yes {
            self.queue.put_back(batch);
            self.next_try = Instant::now() + Duration::from_secs(1);
            return None;
        }
        Some((batch, receiver))
    }

    fn settle(&mut self, batch: Arc<Exported>, result: Result<(), Failure>) {
        match result {
            Ok(()) => {
                self.metrics.sent.inc();
                self.backoff.reset();
                self.next_try = Instant::now();
            }
            Err(failure) if failure.permanent => {
                self.metrics.rejected.inc();
                self.next_try = Instant::now();
            }
            Err(failure) => {
                self.metrics.retried.inc();
                self.queue.put_back(batch);
                self.next_try = Instant::now() + self.backoff.after_failure(failure.retry_after);
            }
        }
    }

    /// The last batch, what waits, and a flush: as far as the deadline allows.
    async fn end(mut self, delivery: Option<(Arc<Exported>, Delivery)>, deadline: Instant) {
        self.queue.push(Arc::new(self.registry.snapshot().export()));
        let mut delivery = delivery;
        loop {
            if delivery.is_none() && self.component.idle(deadline).await {
                delivery = self.deliver();
            }
            let Some((batch, receiver)) = delivery.take() else {
                break;
            };
            let Ok(result) = timeout_at(deadline.into(), receiver).await else {
                self.metrics.dropped.inc();
                break;
            };
            match result {
                Ok(Ok(())) => self.metrics.sent.inc(),
                Ok(Err(failure)) if failure.permanent => self.metrics.rejected.inc(),
                // There is no time to wait for a receiver that is away.
                _ => {
                    self.queue.put_back(batch);
                    break;
                }
            }
        }
        let lost = self.queue.len();
        if lost > 0 {
            self.metrics.dropped.inc_by(lost as f64);
            tracing::warn!(exporter = %self.component.owner, lost, "batches were not delivered");
        }
        if self.component.record().is_late() {
            return;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        self.component.begin(
            left,
            move |object| match object {
                Object::Exporter(exporter) => exporter.flush(nanos(left)).into_result(),
                _ => Ok(()),
            },
            drop,
        );
        self.component.stop(deadline).await;
    }
}

/// The result of the delivery under way; never ready where there is none.
async fn result_of(delivery: &mut Option<(Arc<Exported>, Delivery)>) -> Result<(), Failure> {
    match delivery {
        Some((_, receiver)) => receiver.await.unwrap_or_else(|_| {
            let reason = crate::plugin::record::Reason::Error;
            Err(Failure::new(
                reason,
                "the exporter's call ended without a result",
                "",
            ))
        }),
        None => std::future::pending().await,
    }
}
