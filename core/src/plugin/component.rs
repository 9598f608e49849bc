//! A component of a running plugin, and its calls.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use gaxx_abi::{
    CollectorBox, EndpointBox, ExporterBox, Fault, HealthCheckBox, Point, abi_std::RVec,
    manifest::{Route, kind},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::{
    CallPool, CoreHost, Timing, Want,
    record::{Call, Failure, Reason, Record},
    timing::nanos,
};
use crate::{
    instruments::ComponentMetrics,
    registry::{Owner, Table},
};

/// Requests that one endpoint answers at once; calls that hang count.
const MOST_REQUESTS: usize = 32;

/// What a plugin made.
pub enum Object {
    /// It measures.
    Collector(CollectorBox),
    /// It judges.
    HealthCheck(HealthCheckBox),
    /// It sends batches.
    Exporter(ExporterBox),
    /// It answers requests.
    Endpoint(Arc<EndpointBox>),
}

/// What a component does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It measures.
    Collector,
    /// It judges.
    HealthCheck,
    /// It sends batches.
    Exporter,
    /// It answers requests.
    Endpoint,
}

impl Kind {
    /// The kind of this number in the ABI; nothing for one that this host does not know.
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            kind::COLLECTOR => Some(Self::Collector),
            kind::HEALTH_CHECK => Some(Self::HealthCheck),
            kind::EXPORTER => Some(Self::Exporter),
            kind::ENDPOINT => Some(Self::Endpoint),
            _ => None,
        }
    }

    /// As people and labels say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::HealthCheck => "check",
            Self::Exporter => "exporter",
            Self::Endpoint => "endpoint",
        }
    }
}

/// A component of a running plugin.
///
/// At most one call is in flight: the object is taken out of its place for the call and put back
/// by the thread that made it, however late that is.
pub struct Component {
    /// Whose it is.
    pub owner: Owner,
    /// What it does.
    pub kind: Kind,
    /// When it runs.
    pub timing: Timing,
    /// Its series.
    pub table: Arc<Table>,
    /// Its host, through which it is told to stop.
    pub host: Arc<CoreHost>,
    place: Mutex<Option<Placed>>,
    endpoint: Option<Arc<EndpointBox>>,
    routes: Vec<Route>,
    places: Arc<Semaphore>,
    record: Mutex<Record>,
    metrics: ComponentMetrics,
    pool: CallPool,
    requests: CallPool,
    /// Counts the calls that came back.
    done: watch::Sender<u64>,
}

/// The object while no call is in flight.
struct Placed {
    object: Object,
    started: bool,
}

/// Whether a call was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It was.
    Yes,
    /// One is in flight.
    Busy,
}

impl Component {
    /// A component that has been made and not been called.
    pub fn new(
        want: &Want,
        object: Object,
        table: Arc<Table>,
        host: Arc<CoreHost>,
        metrics: ComponentMetrics,
        (pool, requests): (CallPool, CallPool),
    ) -> Self {
        let endpoint = match &object {
            Object::Endpoint(endpoint) => Some(Arc::clone(endpoint)),
            _ => None,
        };
        let (done, _) = watch::channel(0);
        Self {
            owner: want.owner.clone(),
            kind: want.kind,
            timing: want.timing,
            table,
            host,
            place: Mutex::new(Some(Placed { object, started: false })),
            endpoint,
            routes: want.routes.clone(),
            places: Arc::new(Semaphore::new(MOST_REQUESTS)),
            record: Mutex::default(),
            metrics,
            pool,
            requests,
            done,
        }
    }

    /// What is known of its calls.
    pub fn record(&self) -> Record {
        self.lock().clone()
    }

    /// The paths of an endpoint; empty for all else.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Takes one of an endpoint's places for requests; nothing where all are taken.
    pub fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Has a thread of the pool call the endpoint, beside other calls of it.
    pub fn call_endpoint(
        &self,
        call: impl FnOnce(&EndpointBox) -> Result<(), Fault> + Send + 'static,
    ) {
        let Some(endpoint) = self.endpoint.clone() else { return };
        self.requests.submit(move || {
            if let Err(fault) = call(&endpoint) {
                tracing::debug!(message = %fault.message, "a request failed");
            }
        });
        self.requests.relieve();
    }

    /// Notes a call of an endpoint.
    pub fn called(&self, took: Duration, fault: Option<&Fault>) {
        self.note(took, fault.map(Failure::from_fault));
    }

    /// Begins a call on a thread of the pool; `finish` is given its result on that thread.
    ///
    /// The component is started within its first call.
    pub fn begin<T: 'static>(
        self: &Arc<Self>,
        deadline: Duration,
        work: impl FnOnce(&mut Object) -> Result<T, Fault> + Send + 'static,
        finish: impl FnOnce(Result<T, Failure>) + Send + 'static,
    ) -> Begun {
        let Some(mut placed) = self.place.lock().unwrap_or_else(PoisonError::into_inner).take()
        else {
            return Begun::Busy;
        };
        let now = Instant::now();
        self.lock().call = Some(Call { started: now, due: now + deadline, late: false });
        let component = Arc::clone(self);
        self.pool.submit(move || {
            let start = Instant::now();
            let result = placed
                .started(nanos(deadline))
                .and_then(|()| work(&mut placed.object))
                .map_err(|fault| Failure::from_fault(&fault));
            let took = start.elapsed();
            component.note(took, result.as_ref().err().cloned());
            finish(result);
            component.put_back(placed);
        });
        Begun::Yes
    }

    fn put_back(&self, placed: Placed) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(placed);
        self.lock().call = None;
        self.done.send_modify(|count| *count += 1);
    }

    /// Waits until no call is in flight, no longer than `until`; answers whether that is so.
    pub async fn idle(&self, until: Instant) -> bool {
        let mut done = self.done.subscribe();
        loop {
            if self.lock().call.is_none() {
                return true;
            }
            let now = Instant::now();
            if now >= until {
                return false;
            }
            // A call that has not begun waits for a thread: see that there is one.
            let step = (until - now).min(Duration::from_millis(20));
            if tokio::time::timeout(step, done.changed()).await.is_err() {
                self.pool.relieve();
            }
        }
    }

    /// Marks the call in flight as late if it is; answers whether this is news.
    ///
    /// A call that waits for a thread is given one.
    pub fn overdue(&self, now: Instant) -> bool {
        let mut record = self.lock();
        let Some(call) = &mut record.call else { return false };
        if call.late || now < call.due {
            if !call.late {
                self.pool.relieve();
            }
            return false;
        }
        call.late = true;
        let took = now - call.started;
        record.calls += 1;
        record.failures += 1;
        let waited = Duration::from_millis(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        let failure = Failure::new(
            Reason::Deadline,
            format!("still running after {}", humantime::format_duration(waited)),
            format!(
                "raise plugins.{}.deadline, or find out what {} waits for; it is not called again \
                 before it returns",
                self.owner.plugin, self.owner
            ),
        );
        tracing::warn!(component = %self.owner, "{}: {}", failure.message, failure.remedy);
        record.failure = Some(failure);
        drop(record);
        self.metrics.failed(Reason::Deadline);
        self.table.mark_late();
        true
    }

    /// Notes how a call ended.
    fn note(&self, took: Duration, failure: Option<Failure>) {
        let mut record = self.lock();
        let was_late = record.is_stuck();
        record.last = took;
        record.total += took;
        if !was_late {
            record.calls += 1;
        }
        self.metrics.observed(took, was_late);
        match failure {
            // It was counted when it passed its deadline.
            None if was_late => {
                tracing::info!(component = %self.owner, ?took, "returned after its deadline");
            }
            None => {
                let now = SystemTime::now();
                record.last_success = Some((Instant::now(), now));
                self.metrics.succeeded(now);
                if record.failure.take().is_some() {
                    tracing::info!(component = %self.owner, "works again");
                }
            }
            Some(failure) => {
                if !was_late {
                    record.failures += 1;
                    self.metrics.failed(failure.reason);
                }
                if record.failure.as_ref() != Some(&failure) {
                    tracing::warn!(
                        component = %self.owner,
                        remedy = failure.remedy,
                        "{}", failure.message
                    );
                }
                record.failure = Some(failure);
            }
        }
    }

    /// Notes a failure without a call that returned.
    pub fn fail(&self, failure: Failure) {
        let mut record = self.lock();
        record.calls += 1;
        record.failures += 1;
        self.metrics.failed(failure.reason);
        record.failure = Some(failure);
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Placed {
    fn started(&mut self, deadline: u64) -> Result<(), Fault> {
        if !self.started {
            self.object.start(deadline)?;
            self.started = true;
        }
        Ok(())
    }
}

impl Object {
    /// The component's own numbers; for a collector they come with the collection.
    pub fn points(&self, points: &mut RVec<Point>) {
        match self {
            Self::Collector(_) => {}
            Self::HealthCheck(check) => check.points(points),
            Self::Exporter(exporter) => exporter.points(points),
            Self::Endpoint(endpoint) => endpoint.points(points),
        }
    }

    /// Its first call.
    pub fn start(&mut self, deadline: u64) -> Result<(), Fault> {
        match self {
            Self::Collector(collector) => collector.start(deadline),
            Self::HealthCheck(check) => check.start(deadline),
            Self::Exporter(exporter) => exporter.start(deadline),
            Self::Endpoint(endpoint) => endpoint.start(deadline),
        }
        .into_result()
    }

    /// Its last call.
    pub fn stop(&mut self, deadline: u64) {
        match self {
            Self::Collector(collector) => collector.stop(deadline),
            Self::HealthCheck(check) => check.stop(deadline),
            Self::Exporter(exporter) => exporter.stop(deadline),
            Self::Endpoint(endpoint) => endpoint.stop(deadline),
        }
    }
}
