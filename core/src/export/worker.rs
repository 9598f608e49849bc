//! The task of one exporter.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use gaxx_abi::{Attribute, abi_std::RVec};
use parking_lot::Mutex;
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{sleep_until, timeout_at},
};

use super::{
    backoff::Backoff,
    condition::Condition,
    name,
    origin::Origin,
    outbox::{Outbox, Waiting},
    sending::{Home, Sending},
};
use crate::{
    health::Engine,
    instruments::ExporterMetrics,
    plugin::{
        Begun, Component, Object, nanos,
        record::{Failure, Reason},
        text::one_line,
    },
    registry::Registry,
    task,
};

/// Texts of exporters are cut after so many characters.
const LONGEST: usize = 300;

/// A running exporter.
pub struct Worker {
    /// The exporter.
    pub component: Arc<Component>,
    condition: Arc<Mutex<Condition>>,
    stop: watch::Sender<Option<Instant>>,
    task: JoinHandle<()>,
}

impl Worker {
    /// How it does.
    pub fn condition(&self) -> Condition {
        self.condition.lock().clone()
    }

    /// Sends one last batch and what still waits, until the deadline, flushes, and stops the
    /// exporter. What is not delivered by then stays in the spool, if there is one.
    pub async fn finish(self, deadline: Instant) {
        self.stop.send_replace(Some(deadline));
        // The task ends by the deadline; what a panic in it would tell is in the log.
        let _ = self.task.await;
    }
}

/// Starts an exporter's task. `resource` is what is true of all it sends.
pub fn start(
    component: Arc<Component>,
    (registry, health): (&Registry, &Arc<Engine>),
    resource: Arc<[Attribute]>,
    sending: &Sending,
    home: &Home,
    metrics: ExporterMetrics,
) -> Worker {
    let (stop, stopping) = watch::channel(None);
    let folder = home.folder.join(folder_name(name(&component.owner)));
    let place = sending.spool.map(|budget| (folder, budget));
    let condition = Arc::new(Mutex::new(Condition::default()));
    let exporting = Exporting {
        component: Arc::clone(&component),
        origin: sending.origin(registry, health, &home.facts),
        resource,
        outbox: Some(Outbox::new(place, sending.queue, metrics.clone())),
        condition: Arc::clone(&condition),
        metrics,
        backoff: Backoff::default(),
        next_try: Instant::now(),
        waits: false,
    };
    Worker {
        component,
        condition,
        stop,
        task: task::spawn("export", exporting.run(stopping)),
    }
}

/// A name that the configuration may give as one of a folder: what is not plain stands as its number.
fn folder_name(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let letters = name.bytes().map(|byte| match byte {
        byte if plain(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02x}"),
    });
    letters.collect()
}

type Delivery = oneshot::Receiver<Result<(), Failure>>;

struct Exporting {
    component: Arc<Component>,
    origin: Origin,
    resource: Arc<[Attribute]>,
    /// It is away while it is at the disk.
    outbox: Option<Outbox>,
    condition: Arc<Mutex<Condition>>,
    metrics: ExporterMetrics,
    backoff: Backoff,
    next_try: Instant,
    /// Whether there may be something to deliver.
    waits: bool,
}

impl Exporting {
    async fn run(mut self, mut stopping: watch::Receiver<Option<Instant>>) {
        let interval = self.component.timing.interval;
        let mut next_batch = Instant::now() + interval;
        let mut delivery: Option<(Waiting, Delivery)> = None;
        // An earlier program may have left some.
        self.with_outbox(Outbox::open).await;
        self.waits = true;
        let deadline = loop {
            if delivery.is_none() && self.waits && Instant::now() >= self.next_try {
                // A call gives its result a moment before it has returned.
                self.component.idle(next_batch).await;
                delivery = self.deliver().await;
            }
            let wake = if delivery.is_none() && self.waits {
                next_batch.min(self.next_try)
            } else {
                next_batch
            };
            tokio::select! {
                deadline = stopped(&mut stopping) => break deadline,
                result = result_of(&mut delivery) => {
                    if let Some((waiting, _)) = delivery.take() {
                        self.settle(waiting, result).await;
                    }
                }
                () = self.origin.hurries() => self.take_batch().await,
                () = sleep_until(wake.into()) => {
                    if Instant::now() >= next_batch {
                        self.take_batch().await;
                        // Missed times are passed over: one batch tells all.
                        next_batch = (next_batch + interval).max(Instant::now());
                    }
                }
            }
        };
        self.end(delivery, deadline).await;
    }

    /// Does something with the outbox, on a thread that may wait for a disk.
    async fn with_outbox<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Outbox) -> T + Send + 'static,
    ) -> Option<T> {
        let mut outbox = self.outbox.take()?;
        let in_memory = outbox.is_in_memory();
        let condition = Arc::clone(&self.condition);
        let work = move || {
            let result = work(&mut outbox);
            outbox.tell(&mut condition.lock());
            (outbox, result)
        };
        let (outbox, result) = if in_memory {
            work()
        } else {
            match task::spawn_blocking("spool", work).await {
                Ok(done) => done,
                Err(error) => {
                    tracing::error!(exporter = %self.component.owner, %error, "its spool is given up");
                    return None;
                }
            }
        };
        self.outbox = Some(outbox);
        Some(result)
    }

    /// Takes a batch of this moment into the outbox.
    async fn take_batch(&mut self) {
        let (cargo, left_out) = self.origin.take();
        self.metrics.relabelled.set(left_out.dropped as f64);
        self.metrics.clashing.set(left_out.clashing as f64);
        self.with_outbox(move |outbox| outbox.push(cargo)).await;
        self.waits = true;
    }

    /// Begins to deliver the oldest batch.
    async fn deliver(&mut self) -> Option<(Waiting, Delivery)> {
        let Some(waiting) = self.with_outbox(Outbox::next).await.flatten() else {
            self.waits = false;
            return None;
        };
        let (sender, receiver) = oneshot::channel();
        let deadline = self.component.timing.deadline;
        let (sent, resource) = (waiting.cargo.clone(), Arc::clone(&self.resource));
        let generation = waiting.generation;
        let table = Arc::clone(&self.component.table);
        let begun = self.component.begin(
            deadline,
            move |object| {
                let result = match object {
                    Object::Exporter(exporter) => {
                        sent.hand_over(exporter, generation, &resource, nanos(deadline))
                    }
                    _ => Ok(()),
                };
                let mut points = RVec::new();
                object.points(&mut points);
                table.deliver(&points, SystemTime::now());
                result
            },
            move |result| {
                // Nobody waits for it any more after a stop.
                let _ = sender.send(result);
            },
        );
        if begun != Begun::Yes {
            self.with_outbox(move |outbox| outbox.put_back(waiting))
                .await;
            self.next_try = Instant::now() + Duration::from_secs(1);
            return None;
        }
        Some((waiting, receiver))
    }

    async fn settle(&mut self, waiting: Waiting, result: Result<(), Failure>) {
        let now = Instant::now();
        match result {
            Ok(()) => {
                self.delivered(&waiting);
                self.backoff.reset();
                self.next_try = now;
                self.with_outbox(move |outbox| outbox.done(&waiting)).await;
            }
            Err(failure) if failure.permanent => {
                self.next_try = now;
                self.failed(&failure);
                self.with_outbox(move |outbox| outbox.reject(&waiting))
                    .await;
            }
            Err(failure) => {
                self.metrics.retried.inc();
                self.next_try = now + self.backoff.after_failure(failure.retry_after);
                self.failed(&failure);
                self.with_outbox(move |outbox| outbox.put_back(waiting))
                    .await;
            }
        }
    }

    fn delivered(&self, waiting: &Waiting) {
        self.metrics.sent.inc();
        self.metrics.samples.inc_by(waiting.cargo.size() as f64);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.metrics
            .last_success
            .set(now.unwrap_or_default().as_secs_f64());
        let mut condition = self.condition.lock();
        condition.failures = 0;
        condition.failure.clear();
    }

    fn failed(&self, failure: &Failure) {
        let mut condition = self.condition.lock();
        condition.failures = condition.failures.saturating_add(1);
        condition.failure = one_line(&failure.message, LONGEST);
    }

    /// The last batch, what waits, and a flush: as far as the deadline allows.
    async fn end(mut self, delivery: Option<(Waiting, Delivery)>, deadline: Instant) {
        let sending = self.send_rest(delivery);
        // A disk that hangs does not hold the end up.
        if timeout_at(deadline.into(), sending).await.is_err() {
            tracing::warn!(exporter = %self.component.owner, "there was no time to deliver all");
        }
        let closed = self.with_outbox(|outbox| (outbox.close(), outbox.waiting()));
        match timeout_at(deadline.max(Instant::now() + MOMENT).into(), closed).await {
            Ok(Some((0, 0)) | None) => {}
            Ok(Some((0, waiting))) => {
                tracing::info!(exporter = %self.component.owner, waiting, "batches wait in the spool for the next start");
            }
            Ok(Some((lost, _))) => {
                tracing::warn!(exporter = %self.component.owner, lost, "batches were not delivered");
            }
            Err(_) => tracing::warn!(exporter = %self.component.owner, "its disk does not answer"),
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

    /// Sends what waits until the receiver fails.
    async fn send_rest(&mut self, mut delivery: Option<(Waiting, Delivery)>) {
        self.take_batch().await;
        loop {
            if delivery.is_none() {
                let far = Instant::now() + self.component.timing.deadline;
                if self.component.idle(far).await {
                    delivery = self.deliver().await;
                }
            }
            let Some((waiting, receiver)) = delivery.take() else {
                return;
            };
            let result = receiver.await.unwrap_or_else(|_| Err(no_result()));
            let goes_on = result
                .as_ref()
                .err()
                .is_none_or(|failure| failure.permanent);
            self.settle(waiting, result).await;
            if !goes_on {
                // There is no time to wait for a receiver that is away.
                return;
            }
        }
    }
}

/// Waits until the worker is to end, and answers by when. One that is dropped instead of finished
/// ends at once.
async fn stopped(stopping: &mut watch::Receiver<Option<Instant>>) -> Instant {
    let deadline = stopping.wait_for(Option::is_some).await;
    deadline
        .ok()
        .and_then(|deadline| *deadline)
        .unwrap_or_else(Instant::now)
}

/// How long closing the outbox may take beyond the deadline.
const MOMENT: Duration = Duration::from_millis(500);

/// The result of the delivery under way; never ready where there is none.
async fn result_of(delivery: &mut Option<(Waiting, Delivery)>) -> Result<(), Failure> {
    match delivery {
        Some((_, receiver)) => receiver.await.unwrap_or_else(|_| Err(no_result())),
        None => std::future::pending().await,
    }
}

fn no_result() -> Failure {
    Failure::new(
        Reason::Error,
        "the exporter's call ended without a result",
        "",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_one_of_a_folder() {
        assert_eq!(folder_name("remote-write_2"), "remote-write_2");
        assert_eq!(folder_name("../a b"), "%2e%2e%2fa%20b");
    }
}
