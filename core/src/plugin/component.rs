//! A component of a running plugin, and its calls.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use gaxx_abi::{EndpointBox, Fault, manifest::Route};
use tokio::sync::watch;

use super::{
    CallPool, CoreHost, Kind, Object, Timing, Want,
    record::{Call, Failure, Reason, Record},
    requests::Requests,
    timing::nanos,
};
use crate::{
    health,
    instruments::ComponentMetrics,
    profile::label::Label,
    registry::{Owner, Table},
};

/// A component of a running plugin.
///
/// At most one call is in flight: the object is taken out of its place for the call and put back
/// by the thread that made it, however late that is. Requests to an endpoint are beside that.
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
    pub(super) requests: Requests,
    pub(super) metrics: ComponentMetrics,
    /// What samples of its calls are labelled with.
    pub(super) label: Label,
    routes: Vec<Route>,
    state: Mutex<State>,
    pool: CallPool,
    /// Counts the calls that came back.
    done: watch::Sender<u64>,
}

#[derive(Default)]
pub(super) struct State {
    record: Record,
    /// The object while no call is in flight, and nobody keeps it from being called.
    pub(super) placed: Option<Placed>,
    endpoint: Option<Arc<EndpointBox>>,
}

/// What a plugin made, and whether it was started.
pub(super) struct Placed {
    pub(super) object: Object,
    pub(super) started: bool,
}

/// Whether a call was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It was.
    Yes,
    /// One is in flight, or the component has come to its end.
    Busy,
    /// Too many calls hang.
    Refused,
}

impl Component {
    /// A component that has been made and not been called, but for an endpoint, which is started.
    pub(super) fn new(
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
        let started = endpoint.is_some();
        let placed = Some(Placed { object, started });
        let (done, _) = watch::channel(0);
        Self {
            owner: want.owner.clone(),
            kind: want.kind,
            timing: want.timing,
            table,
            host,
            requests: Requests::new(requests),
            metrics,
            label: Label::of(&want.owner),
            routes: want.routes.clone(),
            state: Mutex::new(State {
                record: Record::default(),
                placed,
                endpoint,
            }),
            pool,
            done,
        }
    }

    /// What is known of its calls.
    pub fn record(&self) -> Record {
        self.lock().record.clone()
    }

    /// Whether it works, or did not long ago: there is something to lose.
    pub(super) fn is_worth_keeping(&self) -> bool {
        let record = self.record();
        let fresh = || record.age().is_some_and(|age| age <= self.timing.keep);
        record.failure.is_none() || fresh()
    }

    /// The paths of an endpoint; empty for all else.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// What answers requests; nothing for all but endpoints, and after the end.
    pub(super) fn endpoint(&self) -> Option<Arc<EndpointBox>> {
        self.lock().endpoint.clone()
    }

    /// Begins a call on a thread of the pool; `finish` is given its result on that thread.
    ///
    /// The component is started within its first call. While as many calls of all plugins hang as
    /// may, one that has never succeeded is not called: it may be the next that hangs.
    pub fn begin<T: 'static>(
        self: &Arc<Self>,
        deadline: Duration,
        work: impl FnOnce(&mut Object) -> Result<T, Fault> + Send + 'static,
        finish: impl FnOnce(Result<T, Failure>) + Send + 'static,
    ) -> Begun {
        let mut state = self.lock();
        if self.host.is_cancelled() {
            return Begun::Busy;
        }
        if state.placed.is_some() && state.record.last_success.is_none() && self.pool.is_full() {
            let failure = too_many_hang(self.pool.hanging());
            self.metrics.missed(failure.reason);
            state.record.calls += 1;
            self.fail(&mut state.record, failure);
            return Begun::Refused;
        }
        self.call(state, deadline, move |component, mut placed| {
            let start = Instant::now();
            let result = placed
                .started(nanos(deadline))
                .and_then(|()| work(&mut placed.object))
                .map_err(|fault| Failure::from_fault(&fault));
            component.returned(start.elapsed(), result.as_ref().err().cloned());
            finish(result);
            Some(placed)
        })
    }

    /// Stops the component for good, once no call is in flight, and waits for it; no longer than
    /// `until`. A call that hangs is waited for until its deadline.
    pub async fn stop(self: &Arc<Self>, until: Instant) {
        self.host.cancel();
        let call = self.record().call;
        let due = call.map_or(until, |call| call.due.min(until));
        if self.idle(due).await {
            self.end(until.saturating_duration_since(Instant::now()));
            if !self.idle(until).await {
                self.give_up();
            }
        } else {
            self.overdue(Instant::now());
            self.give_up();
        }
        self.host.release();
    }

    /// Counts the thread of the call in flight as hanging: nobody looks after it any more.
    fn give_up(&self) {
        if let Some(call) = &self.lock().record.call {
            self.pool.overdue(&call.ticket);
        }
    }

    /// Stops the component and drops what the plugin made: both are the plugin's code.
    fn end(self: &Arc<Self>, deadline: Duration) -> Begun {
        self.call(self.lock(), deadline, move |component, mut placed| {
            if placed.started {
                placed.object.stop(nanos(deadline));
            }
            let endpoint = component.lock().endpoint.take();
            drop((placed, endpoint));
            None
        })
    }

    /// Has a thread of the pool do something with the object, which is put back if `job` answers it.
    pub(super) fn call(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        deadline: Duration,
        job: impl FnOnce(&Arc<Self>, Placed) -> Option<Placed> + Send + 'static,
    ) -> Begun {
        let Some(placed) = state.placed.take() else {
            return Begun::Busy;
        };
        let component = Arc::clone(self);
        let ticket = self.pool.submit(move || {
            let entered = component.label.enter();
            let placed = job(&component, placed);
            drop(entered);
            let mut state = component.lock();
            // What the job kept may be back already.
            state.placed = placed.or_else(|| state.placed.take());
            state.record.call = None;
            drop(state);
            component.done.send_modify(|count| *count += 1);
        });
        let started = Instant::now();
        state.record.call = Some(Call {
            started,
            due: started + deadline,
            late: false,
            ticket,
        });
        Begun::Yes
    }

    /// Waits until no call is in flight, no longer than `until`; answers whether that is so.
    pub async fn idle(&self, until: Instant) -> bool {
        let mut done = self.done.subscribe();
        loop {
            if self.lock().record.call.is_none() {
                return true;
            }
            // This call or one behind it may wait for a thread: see that there is one.
            self.pool.relieve();
            let now = Instant::now();
            if now >= until {
                return false;
            }
            let step = (until - now).min(Duration::from_millis(20));
            // Over or not, the next look tells.
            let _ = tokio::time::timeout(step, done.changed()).await;
        }
    }

    /// Marks the call in flight as late if it is; answers whether this is news.
    ///
    /// A call that waits for a thread is given one.
    pub fn overdue(&self, now: Instant) -> bool {
        let mut state = self.lock();
        let Some(call) = &mut state.record.call else {
            return false;
        };
        let has_begun = call.ticket.has_begun();
        if call.late || now < call.due {
            if !has_begun {
                self.pool.relieve();
            }
            return false;
        }
        call.late = true;
        self.pool.overdue(&call.ticket);
        let failure = if has_begun {
            self.too_late(call.due - call.started)
        } else {
            too_many_hang(self.pool.hanging())
        };
        self.metrics.missed(failure.reason);
        state.record.calls += 1;
        self.fail(&mut state.record, failure);
        drop(state);
        self.table.mark_late();
        true
    }

    /// The failure of a call that takes longer than it may.
    pub(super) fn too_late(&self, deadline: Duration) -> Failure {
        let key = match self.kind {
            Kind::HealthCheck => {
                format!("health.checks.{}.timeout", health::check_name(&self.owner))
            }
            Kind::Exporter => "the exporter's deadline".to_owned(),
            Kind::Collector | Kind::Endpoint => format!("plugins.{}.deadline", self.owner.plugin),
        };
        let until = match self.kind {
            Kind::Endpoint => "",
            _ => "; it is not called again before it returns",
        };
        Failure::new(
            Reason::Deadline,
            format!(
                "did not return within {}",
                humantime::format_duration(deadline)
            ),
            format!(
                "raise {key}, or find out what {} waits for{until}",
                self.owner
            ),
        )
    }

    /// Notes how the call in flight ended.
    fn returned(&self, took: Duration, failure: Option<Failure>) {
        let mut state = self.lock();
        let record = &mut state.record;
        if self.kind == Kind::Endpoint && failure.is_none() && !record.is_late() {
            // Its numbers were read. That says nothing of the requests, which are its calls.
            record.last_success = Some((Instant::now(), SystemTime::now()));
            return;
        }
        let late = record.is_late();
        self.note(record, took, late, failure);
    }

    /// Notes a call that came back; one that is late was counted when it passed its deadline.
    pub(super) fn note(
        &self,
        record: &mut Record,
        took: Duration,
        late: bool,
        failure: Option<Failure>,
    ) {
        record.last = took;
        record.total += took;
        self.metrics.observed(took, late);
        if late {
            tracing::debug!(component = %self.owner, ?took, "returned after its deadline");
            return;
        }
        record.calls += 1;
        if let Some(failure) = failure {
            self.metrics.failed(failure.reason);
            return self.fail(record, failure);
        }
        let now = SystemTime::now();
        record.last_success = Some((Instant::now(), now));
        self.metrics.succeeded(now);
        if record.failure.take().is_some() {
            tracing::info!(component = %self.owner, "works again");
        }
    }

    /// Keeps a failure and logs it, unless it failed for the same reason the last time.
    pub(super) fn fail(&self, record: &mut Record, failure: Failure) {
        let (component, reason) = (&self.owner, failure.reason.label());
        let (message, remedy) = (&failure.message, &failure.remedy);
        record.failures += 1;
        if record
            .failure
            .as_ref()
            .is_some_and(|before| before.reason == failure.reason)
        {
            tracing::debug!(%component, reason, remedy, "{message}");
        } else {
            tracing::warn!(%component, reason, remedy, "{message}");
        }
        record.failure = Some(failure);
    }

    /// Changes what is known of its calls.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        change(&mut self.lock().record)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Component {
    /// Dropping what a plugin made is its code too, and needs a thread that may hang. One that
    /// came back after it was given up is stopped before.
    fn drop(&mut self) {
        self.host.cancel();
        let state = std::mem::take(self.state.get_mut().unwrap_or_else(PoisonError::into_inner));
        let deadline = nanos(self.timing.deadline);
        let label = self.label;
        if state.placed.is_some() || state.endpoint.is_some() {
            self.pool.submit(move || {
                let _entered = label.enter();
                let State { placed, .. } = state;
                if let Some(mut placed) = placed
                    && placed.started
                {
                    placed.object.stop(deadline);
                }
            });
        }
        self.host.release();
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

fn too_many_hang(hanging: usize) -> Failure {
    Failure::new(
        Reason::Stuck,
        format!("not called: {hanging} calls of plugins hang already"),
        "find the plugins in state `stuck`, mend or disable them, and restart; \
         limits.max_stuck_threads is how many may hang",
    )
}
