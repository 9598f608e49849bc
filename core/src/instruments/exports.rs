//! Exporters and what waits for them.

use prometheus::{Counter, CounterVec, Gauge, GaugeVec, Registry};

use super::{named, register};

/// What became of a batch.
const OUTCOMES: [&str; 4] = ["sent", "retried", "rejected", "dropped"];

/// Why a batch was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The receiver will never take it.
    Rejected,
    /// It did not fit into the budget of the spool any more.
    Size,
    /// It was older than the budget of the spool allows.
    Age,
    /// It was damaged on disk.
    Damaged,
    /// It was not on disk, and there was no room in memory any more.
    Queue,
    /// It was not on disk, and the program ended.
    Stopped,
}

/// Why series are not sent.
const LEFT_OUT: [&str; 2] = ["relabel", "clash"];

impl Loss {
    const ALL: [Self; 6] = [
        Self::Rejected,
        Self::Size,
        Self::Age,
        Self::Damaged,
        Self::Queue,
        Self::Stopped,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Size => "size",
            Self::Age => "age",
            Self::Damaged => "damaged",
            Self::Queue => "queue",
            Self::Stopped => "stopped",
        }
    }

    /// For people.
    pub fn why(self) -> &'static str {
        match self {
            Self::Rejected => "the receiver does not take them",
            Self::Size => "the spool was full (spool.max_size)",
            Self::Age => "they waited too long (spool.max_age)",
            Self::Damaged => "they were damaged on disk",
            Self::Queue => "there was no room in memory, and no spool",
            Self::Stopped => "the program ended, and there was no spool",
        }
    }
}

/// Exporters and what waits for them.
#[derive(Debug, Clone)]
pub struct Exports {
    queue: GaugeVec,
    age: GaugeVec,
    batches: CounterVec,
    samples: CounterVec,
    losses: CounterVec,
    left_out: GaugeVec,
    spool_bytes: GaugeVec,
    spool_errors: CounterVec,
    damaged_bytes: CounterVec,
    last_success: GaugeVec,
}

/// One exporter and what waits for it.
#[derive(Debug, Clone)]
pub struct ExporterMetrics {
    /// Batches that wait.
    pub queue: Gauge,
    /// Age of the oldest of them, in seconds.
    pub age: Gauge,
    /// Batches that were delivered.
    pub sent: Counter,
    /// Samples in them.
    pub samples: Counter,
    /// Deliveries that failed and will be tried again.
    pub retried: Counter,
    /// Batches that the receiver will never take.
    rejected: Counter,
    /// Batches that were lost for another reason.
    dropped: Counter,
    losses: [Counter; 6],
    /// Series that rules drop.
    pub relabelled: Gauge,
    /// Series that bear the name of another one, after rules.
    pub clashing: Gauge,
    /// Bytes on disk.
    pub spool_bytes: Gauge,
    /// What the spool could not do.
    pub spool_errors: Counter,
    /// Bytes that were no whole batch when a spool was opened.
    pub damaged_bytes: Counter,
    /// When a batch was delivered last, in seconds since 1970.
    pub last_success: Gauge,
}

impl ExporterMetrics {
    /// Counts batches that are lost.
    pub fn lose(&self, loss: Loss, batches: u64) {
        let outcome = match loss {
            Loss::Rejected => &self.rejected,
            _ => &self.dropped,
        };
        outcome.inc_by(batches as f64);
        self.losses[loss as usize].inc_by(batches as f64);
    }

    /// How many were lost for this reason.
    #[cfg(test)]
    pub(crate) fn lost(&self, loss: Loss) -> f64 {
        self.losses[loss as usize].get()
    }
}

impl Exports {
    pub(super) fn new(registry: &Registry) -> Self {
        let gauge = |name, help, labels: &[&str]| {
            register(registry, GaugeVec::new(named(name, help), labels))
        };
        let counter = |name, help, labels: &[&str]| {
            register(registry, CounterVec::new(named(name, help), labels))
        };
        Self {
            queue: gauge(
                "gaxx_export_queue_batches",
                "Batches that wait for an exporter.",
                &["exporter"],
            ),
            age: gauge(
                "gaxx_export_queue_age_seconds",
                "Age of the oldest batch that waits for an exporter; 0 where none waits.",
                &["exporter"],
            ),
            batches: counter(
                "gaxx_export_batches_total",
                "Batches by what became of them: sent, retried (again later), rejected (for good) or \
                 dropped (gaxx_export_lost_batches_total says why).",
                &["exporter", "outcome"],
            ),
            samples: counter(
                "gaxx_export_samples_total",
                "Samples that were delivered.",
                &["exporter"],
            ),
            losses: counter(
                "gaxx_export_lost_batches_total",
                "Batches that were lost: rejected by the receiver, too much (size) or too old (age) for \
                 the spool, damaged on disk, or where there was no spool too many (queue) or left \
                 when the program ended (stopped).",
                &["exporter", "reason"],
            ),
            left_out: gauge(
                "gaxx_export_left_out_series",
                "Series that an exporter does not send: dropped by relabel, or of the name of another \
                 one after it (clash).",
                &["exporter", "reason"],
            ),
            spool_bytes: gauge(
                "gaxx_export_spool_bytes",
                "Size of an exporter's spool.",
                &["exporter"],
            ),
            spool_errors: counter(
                "gaxx_export_spool_errors_total",
                "What an exporter's spool could not do; its batches waited in memory meanwhile.",
                &["exporter"],
            ),
            damaged_bytes: counter(
                "gaxx_export_spool_damaged_bytes_total",
                "Bytes that were no whole batch when a spool was opened.",
                &["exporter"],
            ),
            last_success: gauge(
                "gaxx_export_last_success_timestamp_seconds",
                "When an exporter delivered a batch last, since 1970; 0 before the first.",
                &["exporter"],
            ),
        }
    }

    /// The metrics of an exporter, at zero.
    pub fn of(&self, exporter: &str) -> ExporterMetrics {
        let [sent, retried, rejected, dropped] =
            OUTCOMES.map(|outcome| self.batches.with_label_values(&[exporter, outcome]));
        let [relabelled, clashing] =
            LEFT_OUT.map(|reason| self.left_out.with_label_values(&[exporter, reason]));
        let own = [exporter];
        ExporterMetrics {
            queue: self.queue.with_label_values(&own),
            age: self.age.with_label_values(&own),
            sent,
            samples: self.samples.with_label_values(&own),
            retried,
            rejected,
            dropped,
            losses: Loss::ALL.map(|loss| self.losses.with_label_values(&[exporter, loss.label()])),
            relabelled,
            clashing,
            spool_bytes: self.spool_bytes.with_label_values(&own),
            spool_errors: self.spool_errors.with_label_values(&own),
            damaged_bytes: self.damaged_bytes.with_label_values(&own),
            last_success: self.last_success.with_label_values(&own),
        }
    }

    /// Forgets an exporter that is gone.
    pub fn forget(&self, exporter: &str) {
        // What is not there is forgotten already.
        for gauges in [
            &self.queue,
            &self.age,
            &self.spool_bytes,
            &self.last_success,
        ] {
            let _ = gauges.remove_label_values(&[exporter]);
        }
        for counters in [&self.samples, &self.spool_errors, &self.damaged_bytes] {
            let _ = counters.remove_label_values(&[exporter]);
        }
        for outcome in OUTCOMES {
            let _ = self.batches.remove_label_values(&[exporter, outcome]);
        }
        for loss in Loss::ALL {
            let _ = self.losses.remove_label_values(&[exporter, loss.label()]);
        }
        for reason in LEFT_OUT {
            let _ = self.left_out.remove_label_values(&[exporter, reason]);
        }
    }
}
