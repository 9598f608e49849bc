//! Endpoints, which are called from several threads at once.

use std::{
    sync::{PoisonError, RwLock, RwLockWriteGuard, TryLockError},
    thread,
    time::{Duration, Instant},
};

use gaxx_abi::{
    BodyBox, Fault, Point, ReplyBox,
    abi_std::{ROption, RResult, RVec},
    component::Endpoint as Abi,
};

use super::{
    bridge::{Bridge, leave},
    guard::guard,
};
use crate::{Body, Deadline, Endpoint, Host, Reply, Request, metrics::Store};

/// How long a moment without a request is looked for, in which the author's state can be saved.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(1);

/// Requests share the component; start, save and stop have it alone.
pub(super) struct Shared<T> {
    bridge: RwLock<Bridge<T>>,
    /// Outside the lock, so that reading metrics waits for no request.
    host: Host,
    store: std::sync::Arc<Store>,
}

impl<T: Endpoint> Shared<T> {
    pub(super) fn new(bridge: Bridge<T>) -> Self {
        let (host, store) = (bridge.host.clone(), bridge.store());
        Self {
            bridge: RwLock::new(bridge),
            host,
            store,
        }
    }

    fn alone<R>(&self, call: impl FnOnce(&mut Bridge<T>) -> R) -> R {
        call(&mut self.bridge.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// The component alone, if there is a moment without a request within this time. Requests that
    /// come meanwhile do not wait, as they would behind one who waits for the lock.
    fn try_alone(&self, time: Duration) -> Option<RwLockWriteGuard<'_, Bridge<T>>> {
        let limit = Instant::now() + time;
        loop {
            match self.bridge.try_write() {
                Ok(bridge) => return Some(bridge),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() >= limit => return None,
                Err(TryLockError::WouldBlock) => thread::sleep(LOOK),
            }
        }
    }
}

impl<T: Endpoint> Abi for Shared<T> {
    fn start(&self, deadline: u64) -> RResult<(), Fault> {
        self.alone(|bridge| bridge.start(deadline))
            .map_err(Into::into)
            .into()
    }

    fn handle(
        &self,
        request: gaxx_abi::Request,
        body: BodyBox,
        reply: ReplyBox,
        deadline: u64,
    ) -> RResult<(), Fault> {
        let bridge = self.bridge.read().unwrap_or_else(PoisonError::into_inner);
        guard(&self.host, || {
            let deadline = Deadline::from_nanos(deadline);
            let (request, body) = (Request::new(request), Body::new(body));
            bridge
                .inner
                .handle(request, body, Reply::new(reply), deadline)
        })
        .map_err(Into::into)
        .into()
    }

    fn points(&self, points: &mut RVec<Point>) {
        self.store.points(points);
    }

    fn save(&self, deadline: u64) -> ROption<RVec<u8>> {
        let left = match self.try_alone(Duration::from_nanos(deadline / 2).min(BETWEEN_REQUESTS)) {
            Some(mut bridge) => bridge.save(),
            None => leave::<T>(&self.host, &self.store, None),
        };
        left.map(Into::into).into()
    }

    fn stop(&self, deadline: u64) {
        self.alone(|bridge| bridge.stop(deadline));
    }
}
