//! A component with all that the border needs around it.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use gaxx_abi::{Point, abi_std::RVec};

use super::guard::{guard, guard_infallible};
use crate::{Component, Context, Deadline, Host, Result, logging, metrics::Store, settings};

/// The author's component, its numbers and its host.
pub(super) struct Bridge<T> {
    pub(super) inner: Guarded<T>,
    pub(super) host: Host,
    store: Arc<Store>,
}

impl<T: Component> Bridge<T> {
    pub(super) fn new(json: &str, host: &Host) -> Result<Self> {
        logging::use_for_background(host);
        let store = Arc::new(Store::default());
        let inner = guard(host, || {
            let context = Context::new(host.clone(), Arc::clone(&store));
            T::new(settings::read(json)?, &context)
        })?;
        Ok(Self {
            inner: Guarded {
                author: Some(inner),
                host: host.clone(),
            },
            host: host.clone(),
            store,
        })
    }

    pub(super) fn start(&mut self, deadline: u64) -> Result<()> {
        let Self { inner, host, .. } = self;
        guard(host, || inner.start(Deadline::from_nanos(deadline)))
    }

    pub(super) fn stop(&mut self, deadline: u64) {
        let Self { inner, host, .. } = self;
        guard_infallible(host, || inner.stop(Deadline::from_nanos(deadline)));
    }

    pub(super) fn save(&mut self) -> Option<Vec<u8>> {
        let Self { inner, host, .. } = self;
        guard_infallible(host, || inner.save())
    }

    pub(super) fn store(&self) -> Arc<Store> {
        Arc::clone(&self.store)
    }

    pub(super) fn points(&self, points: &mut RVec<Point>) {
        self.store.points(points);
    }
}

/// The author's component; a panic while it is dropped is told, and goes no further.
pub(super) struct Guarded<T> {
    author: Option<T>,
    host: Host,
}

impl<T> Deref for Guarded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.author.as_ref().expect("only dropping takes it out")
    }
}

impl<T> DerefMut for Guarded<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.author.as_mut().expect("only dropping takes it out")
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        let author = self.author.take();
        guard_infallible(&self.host, || drop(author));
    }
}
