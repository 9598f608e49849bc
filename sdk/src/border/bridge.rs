//! A component with all that the border needs around it.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use gaxx_abi::{Point, abi_std::RVec};

use super::guard::{guard, guard_infallible};
use crate::{
    Component, Context, Deadline, Host, Result, logging,
    metrics::{self, Store},
    settings,
};

/// The author's component, its numbers and its host.
pub(super) struct Bridge<T> {
    pub(super) inner: Guarded<T>,
    pub(super) host: Host,
    store: Arc<Store>,
}

impl<T: Component> Bridge<T> {
    pub(super) fn new(json: &str, host: &Host) -> Result<Self> {
        logging::use_for_background(host);
        let store = Arc::new(Self::inherit(host));
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

    /// Where the numbers will lie: at zero, or where those of the version before ended.
    fn inherit(host: &Host) -> Store {
        let left = host.left_before().filter(|_| T::KEEP_COUNTS);
        let counts = left.map(|left| metrics::decode(&left).1);
        Store::inheriting(counts.unwrap_or_default())
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
        let Self { inner, host, store } = self;
        let own = guard_infallible(host, || inner.save());
        leave::<T>(host, store, own)
    }

    pub(super) fn store(&self) -> Arc<Store> {
        Arc::clone(&self.store)
    }

    pub(super) fn points(&self, points: &mut RVec<Point>) {
        self.store.points(points);
    }
}

/// What a component leaves: what its author does, and its counts.
pub(super) fn leave<T: Component>(
    host: &Host,
    store: &Store,
    own: Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    if !T::KEEP_COUNTS {
        return own;
    }
    guard_infallible(host, || metrics::encode(own.as_deref(), &store.counts()))
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
