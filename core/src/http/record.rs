//! What is learnt about a request while it is answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{body::BodyFault, methods::Methods};

/// The record of one request. It travels in the request's extensions, so that filters can write
/// into it and the listener can read it even where the route rejected or panicked.
#[derive(Debug, Clone, Default)]
pub(super) struct Record(Arc<Mutex<Entries>>);

#[derive(Debug)]
struct Entries {
    route: &'static str,
    allowed: Methods,
    fault: Option<BodyFault>,
}

impl Default for Entries {
    fn default() -> Self {
        Self {
            route: "other",
            allowed: Methods::NONE,
            fault: None,
        }
    }
}

impl Record {
    /// The path led to `route`, which takes these methods.
    pub(super) fn reached(&self, route: &'static str, methods: Methods) {
        let mut entries = self.entries();
        entries.route = route;
        entries.allowed = entries.allowed.and(methods);
    }

    /// The request body failed.
    pub(super) fn body_failed(&self, fault: BodyFault) {
        self.entries().fault = Some(fault);
    }

    pub(super) fn route(&self) -> &'static str {
        self.entries().route
    }

    pub(super) fn allowed(&self) -> Methods {
        self.entries().allowed
    }

    pub(super) fn body_fault(&self) -> Option<BodyFault> {
        self.entries().fault
    }

    /// Each write is one assignment, so a panic elsewhere leaves nothing half done.
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
