//! What a component leaves to the version that takes its place.

use std::{
    sync::{Arc, mpsc},
    time::Instant,
};

use super::{Component, component::Placed, nanos};

/// The most that a component may leave, in bytes. What is larger is not handed over.
pub const MAX_STATE: usize = 1 << 20;

/// A component that is to be replaced, kept from being called since it said what it leaves: what
/// it counted after that would be lost. Once this is dropped it can be called again.
pub(super) struct Held {
    component: Arc<Component>,
    placed: Option<Placed>,
}

/// What the component before leaves.
#[derive(Default)]
pub(super) struct Inheritance {
    /// Nothing where it could not be asked.
    pub(super) held: Option<Held>,
    pub(super) state: Option<Vec<u8>>,
}

/// A component that is being asked for what it leaves.
pub(super) struct Saving {
    component: Arc<Component>,
    /// When its present call should have returned.
    due: Instant,
    answer: Option<mpsc::Receiver<Inheritance>>,
}

impl Saving {
    pub(super) fn new(component: &Arc<Component>) -> Self {
        let call = component.record().call;
        Self {
            component: Arc::clone(component),
            due: call.map_or_else(Instant::now, |call| call.due),
            answer: None,
        }
    }

    /// What it leaves, once that is known; rings `bell` when that may be.
    ///
    /// It is asked when its present call has returned. One that does not return in time leaves
    /// nothing, which keeps nobody from taking its place.
    pub(super) fn outcome(&mut self, bell: &mpsc::Sender<()>) -> Option<Inheritance> {
        if self.answer.is_none() {
            self.answer = self.component.ask_to_save(bell.clone());
        }
        let Some(answer) = &self.answer else {
            let calling = self.component.record().call.is_some();
            return (!calling || Instant::now() >= self.due).then(|| self.nothing());
        };
        match answer.try_recv() {
            Ok(inheritance) => Some(self.checked(inheritance)),
            Err(mpsc::TryRecvError::Disconnected) => Some(self.nothing()),
            Err(mpsc::TryRecvError::Empty) => {
                // Whoever else looks at the calls may have noticed before.
                self.component.overdue(Instant::now());
                self.component.record().is_late().then(|| self.nothing())
            }
        }
    }

    fn checked(&self, mut inheritance: Inheritance) -> Inheritance {
        let bytes = inheritance.state.as_ref().map_or(0, Vec::len);
        if bytes > MAX_STATE {
            inheritance.state = None;
            tracing::warn!(
                component = %self.component.owner,
                bytes,
                limit = MAX_STATE,
                "what it leaves to the next version is too large and is not handed over"
            );
        }
        inheritance
    }

    fn nothing(&self) -> Inheritance {
        tracing::warn!(
            component = %self.component.owner,
            "it cannot be asked what it leaves to the next version, which begins without"
        );
        Inheritance::default()
    }
}

impl Component {
    /// Has a thread ask what it leaves, and keeps it from being called from then on. Nothing where
    /// a call is in flight, or the component has come to its end.
    fn ask_to_save(
        self: &Arc<Self>,
        bell: mpsc::Sender<()>,
    ) -> Option<mpsc::Receiver<Inheritance>> {
        let state = self.lock();
        if state.placed.is_none() || self.host.is_cancelled() {
            return None;
        }
        let (sender, answer) = mpsc::channel();
        let deadline = self.timing.deadline;
        self.call(state, deadline, move |component, mut placed| {
            let state = if placed.started {
                placed.object.save(nanos(deadline))
            } else {
                // It has done nothing with what it found itself.
                component.host.inherited().map(<[u8]>::to_vec)
            };
            let held = Some(Held {
                component: Arc::clone(component),
                placed: Some(placed),
            });
            // Where nobody waits any more it is put back at once.
            let _ = sender.send(Inheritance { held, state });
            let _ = bell.send(());
            None
        });
        Some(answer)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.component.lock().placed = self.placed.take();
    }
}
