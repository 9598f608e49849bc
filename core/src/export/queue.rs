//! Batches that wait for one exporter.

use std::{collections::VecDeque, sync::Arc};

use crate::{instruments::ExporterMetrics, registry::Exported};

/// Batches that wait, oldest first. When it is full the oldest goes, counted: what is newest says
/// most, and cumulative values in it make up for what was lost.
pub(super) struct Queue {
    batches: VecDeque<Arc<Exported>>,
    most: usize,
    metrics: ExporterMetrics,
}

impl Queue {
    pub(super) fn new(most: usize, metrics: ExporterMetrics) -> Self {
        Self {
            batches: VecDeque::new(),
            most: most.max(1),
            metrics,
        }
    }

    pub(super) fn push(&mut self, batch: Arc<Exported>) {
        if self.batches.len() == self.most {
            self.batches.pop_front();
            self.metrics.dropped.inc();
        }
        self.batches.push_back(batch);
        self.show();
    }

    /// Takes the oldest out, to be delivered.
    pub(super) fn take(&mut self) -> Option<Arc<Exported>> {
        let batch = self.batches.pop_front();
        self.show();
        batch
    }

    /// Puts one back that was not delivered, unless newer ones have taken all places.
    pub(super) fn put_back(&mut self, batch: Arc<Exported>) {
        if self.batches.len() == self.most {
            self.metrics.dropped.inc();
        } else {
            self.batches.push_front(batch);
        }
        self.show();
    }

    pub(super) fn len(&self) -> usize {
        self.batches.len()
    }

    fn show(&self) {
        self.metrics.queue.set(self.batches.len() as f64);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{
        instruments::Instruments,
        registry::{Limits, Registry},
        role::Role,
    };

    fn batch() -> Arc<Exported> {
        let registry = Registry::new(Limits::default(), prometheus::Registry::new());
        Arc::new(registry.snapshot().export())
    }

    #[test]
    fn a_full_queue_loses_its_oldest_and_counts_it() {
        let metrics = Instruments::new(Role::Main).exports.of("x");
        let mut queue = Queue::new(2, metrics.clone());
        let batches = [batch(), batch(), batch()];
        for batch in &batches {
            queue.push(Arc::clone(batch));
        }
        assert!(Arc::ptr_eq(&queue.take().unwrap(), &batches[1]));
        assert!(metrics.dropped.get() > 0.5 && queue.len() == 1);
    }

    #[test]
    fn one_that_is_put_back_is_first_again() {
        let mut queue = Queue::new(2, Instruments::new(Role::Main).exports.of("x"));
        let batches = [batch(), batch()];
        queue.push(Arc::clone(&batches[0]));
        let taken = queue.take().unwrap();
        queue.push(Arc::clone(&batches[1]));
        queue.put_back(taken);
        assert!(Arc::ptr_eq(&queue.take().unwrap(), &batches[0]));
    }
}
