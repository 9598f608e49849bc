//! The components of this child, by number: what other threads than their own need of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use gaxx_abi::EndpointBox;
use parking_lot::Mutex;

use crate::profile::label::Label;

/// The components that are being made or have been, and have not come to their end.
#[derive(Default)]
pub(super) struct Components(Mutex<HashMap<u32, Known>>);

#[derive(Default)]
struct Known {
    cancelled: Arc<AtomicBool>,
    /// What lines for requests call. It ends with the component, not with those lines.
    endpoint: Weak<EndpointBox>,
    label: Label,
}

impl Components {
    /// A new component; nothing where the number is taken. What is given is set once it is being
    /// stopped.
    pub(super) fn add(&self, number: u32) -> Option<Arc<AtomicBool>> {
        let mut all = self.0.lock();
        if all.contains_key(&number) {
            return None;
        }
        Some(Arc::clone(&all.entry(number).or_default().cancelled))
    }

    /// Makes an endpoint known to lines for requests.
    pub(super) fn open(&self, number: u32, endpoint: &Arc<EndpointBox>, label: Label) {
        if let Some(known) = self.0.lock().get_mut(&number) {
            known.endpoint = Arc::downgrade(endpoint);
            known.label = label;
        }
    }

    /// The endpoint of this number, and what samples of its calls are labelled with; nothing where
    /// there is none.
    pub(super) fn endpoint(&self, number: u32) -> Option<(Weak<EndpointBox>, Label)> {
        let all = self.0.lock();
        let known = all.get(&number)?;
        let endpoint = Weak::clone(&known.endpoint);
        (endpoint.strong_count() > 0).then_some((endpoint, known.label))
    }

    /// Tells a component's background work to end.
    pub(super) fn cancel(&self, number: u32) {
        // One that is not known has come to its end meanwhile.
        if let Some(known) = self.0.lock().get(&number) {
            known.cancelled.store(true, Ordering::Release);
        }
    }

    /// Tells a component's background work to end, and forgets it.
    pub(super) fn remove(&self, number: u32) {
        if let Some(known) = self.0.lock().remove(&number) {
            known.cancelled.store(true, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_number_is_taken_until_its_component_ends() {
        let components = Components::default();
        let first = components.add(1).unwrap();
        assert!(components.add(1).is_none());
        components.cancel(2);
        assert!(!first.load(Ordering::Acquire));
        components.remove(1);
        assert!(first.load(Ordering::Acquire));
        assert!(!components.add(1).unwrap().load(Ordering::Acquire));
    }
}
