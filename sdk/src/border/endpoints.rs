//! Endpoints, which are called from several threads at once.

use std::sync::{PoisonError, RwLock};

use gaxx_abi::{
    BodyBox, Fault, Point, ReplyBox,
    abi_std::{ROption, RResult, RVec},
    component::Endpoint as Abi,
};

use super::{bridge::Bridge, guard::guard};
use crate::{Body, Deadline, Endpoint, Host, Reply, Request, metrics::Store};

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

    fn save(&self, _deadline: u64) -> ROption<RVec<u8>> {
        self.alone(Bridge::save).map(Into::into).into()
    }

    fn stop(&self, deadline: u64) {
        self.alone(|bridge| bridge.stop(deadline));
    }
}
