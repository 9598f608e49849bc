//! Exporters and their queues.

use prometheus::{Counter, CounterVec, Gauge, GaugeVec, Registry};

use super::{named, register};

/// What became of a batch.
const OUTCOMES: [&str; 4] = ["sent", "retried", "rejected", "dropped"];

/// Exporters and their queues.
#[derive(Debug, Clone)]
pub struct Exports {
    queue: GaugeVec,
    batches: CounterVec,
}

/// One exporter and its queue.
#[derive(Debug, Clone)]
pub struct ExporterMetrics {
    /// Batches that wait.
    pub queue: Gauge,
    /// Batches that were delivered.
    pub sent: Counter,
    /// Deliveries that failed and will be tried again.
    pub retried: Counter,
    /// Batches that the receiver will never take.
    pub rejected: Counter,
    /// Batches that were dropped because the queue was full or the program ended.
    pub dropped: Counter,
}

impl Exports {
    pub(super) fn new(registry: &Registry) -> Self {
        let queue = named(
            "gaxx_export_queue_batches",
            "Batches that wait for an exporter.",
        );
        let batches = named(
            "gaxx_export_batches_total",
            "Batches by what became of them: sent, retried (again later), rejected (for good) or \
             dropped (the queue was full, or the program ended).",
        );
        Self {
            queue: register(registry, GaugeVec::new(queue, &["exporter"])),
            batches: register(registry, CounterVec::new(batches, &["exporter", "outcome"])),
        }
    }

    /// The metrics of an exporter, at zero.
    pub fn of(&self, exporter: &str) -> ExporterMetrics {
        let [sent, retried, rejected, dropped] =
            OUTCOMES.map(|outcome| self.batches.with_label_values(&[exporter, outcome]));
        let queue = self.queue.with_label_values(&[exporter]);
        ExporterMetrics {
            queue,
            sent,
            retried,
            rejected,
            dropped,
        }
    }

    /// Forgets an exporter that is gone.
    pub fn forget(&self, exporter: &str) {
        // What is not there is forgotten already.
        let _ = self.queue.remove_label_values(&[exporter]);
        for outcome in OUTCOMES {
            let _ = self.batches.remove_label_values(&[exporter, outcome]);
        }
    }
}
