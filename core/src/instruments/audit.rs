//! The audit log.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus::{Counter, CounterVec, Gauge, Histogram, HistogramOpts, Registry};

use super::{named, register};
use crate::audit::AuditError;

/// Buckets of commits: a sync of a disk takes fractions of a millisecond to seconds.
const SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0,
];

/// The audit log of an agent.
#[derive(Debug, Clone)]
pub struct Audit {
    records: Counter,
    failures: CounterVec,
    commits: Histogram,
    last_commit: Gauge,
}

impl Audit {
    /// These metrics, at zero.
    pub fn new(registry: &Registry) -> Self {
        let failures = named(
            "gaxx_audit_failures_total",
            "Records that are not known to be in the audit log, by why: closed (the program ends), \
             full (too many wait), late (the caller's time was up), record (refused as it is), sync \
             (the disk could not make it durable) or write (the disk did not take it).",
        );
        let commits = HistogramOpts::new(
            "gaxx_audit_commit_duration_seconds",
            "How long it took to make a group of records durable.",
        )
        .buckets(SECONDS.to_vec());
        let own = Self {
            records: register(
                registry,
                Counter::new(
                    "gaxx_audit_records_total",
                    "Records of components that are durable in the audit log.",
                ),
            ),
            failures: register(registry, CounterVec::new(failures, &["reason"])),
            commits: register(registry, Histogram::with_opts(commits)),
            last_commit: register(
                registry,
                Gauge::new(
                    "gaxx_audit_last_commit_timestamp_seconds",
                    "When records were last made durable; 0 before the first.",
                ),
            ),
        };
        for reason in AuditError::REASONS {
            own.failures.with_label_values(&[reason]);
        }
        own
    }

    /// So many records were made durable together, in this time.
    pub fn committed(&self, records: usize, took: Duration) {
        self.records.inc_by(records as f64);
        self.commits.observe(took.as_secs_f64());
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.last_commit.set(now.unwrap_or_default().as_secs_f64());
    }

    /// One is not known to be in the log, for one of [`AuditError::REASONS`].
    pub fn failed(&self, reason: &str) {
        self.failures.with_label_values(&[reason]).inc();
    }
}
