//! The results of health checks.

use std::time::Duration;

use prometheus::{CounterVec, Gauge, GaugeVec, Registry};

use super::{named, register};
use crate::health::Status;

/// The results of health checks.
#[derive(Debug, Clone)]
pub struct Health {
    overall: GaugeVec,
    status: GaugeVec,
    duration: GaugeVec,
    runs: CounterVec,
    transitions: CounterVec,
    silences: Gauge,
}

impl Health {
    pub(super) fn new(registry: &Registry) -> Self {
        let gauge = |name, help, labels: &[&str]| {
            register(registry, GaugeVec::new(named(name, help), labels))
        };
        Self {
            overall: gauge(
                "gaxx_health_status",
                "1 for the overall health: healthy, degraded or unhealthy.",
                &["status"],
            ),
            status: gauge(
                "gaxx_health_check_status",
                "1 for the status of a health check: healthy, degraded, unhealthy or unknown.",
                &["check", "status"],
            ),
            duration: gauge(
                "gaxx_health_check_duration_seconds",
                "How long the last run of a health check took.",
                &["check"],
            ),
            runs: register(
                registry,
                CounterVec::new(
                    named(
                        "gaxx_health_check_runs_total",
                        "Runs of a health check, by result.",
                    ),
                    &["check", "result"],
                ),
            ),
            transitions: register(
                registry,
                CounterVec::new(
                    named(
                        "gaxx_health_check_transitions_total",
                        "Changes of a health check's status, by what it became.",
                    ),
                    &["check", "to"],
                ),
            ),
            silences: register(
                registry,
                Gauge::with_opts(named(
                    "gaxx_health_silences",
                    "Silences in force, when they changed last.",
                )),
            ),
        }
    }

    /// Sets the overall health.
    pub fn set_overall(&self, status: Status) {
        for other in [Status::Healthy, Status::Degraded, Status::Unhealthy] {
            let value = f64::from(u8::from(other == status));
            self.overall.with_label_values(&[other.label()]).set(value);
        }
    }

    /// Sets the status of a check.
    pub fn set(&self, check: &str, status: Status) {
        for other in Status::ALL {
            let value = f64::from(u8::from(other == status));
            self.status
                .with_label_values(&[check, other.label()])
                .set(value);
        }
    }

    /// A check has changed its status.
    pub fn changed(&self, check: &str, to: Status) {
        self.transitions
            .with_label_values(&[check, to.label()])
            .inc();
    }

    /// Sets how many silences there are.
    pub fn set_silences(&self, count: usize) {
        self.silences.set(count as f64);
    }

    /// A check ran.
    pub fn ran(&self, check: &str, result: Status, took: Duration) {
        self.runs.with_label_values(&[check, result.label()]).inc();
        self.duration
            .with_label_values(&[check])
            .set(took.as_secs_f64());
    }

    /// Forgets a check that is gone.
    pub fn forget(&self, check: &str) {
        for status in Status::ALL {
            // What is not there is forgotten already.
            let _ = self.status.remove_label_values(&[check, status.label()]);
            let _ = self
                .transitions
                .remove_label_values(&[check, status.label()]);
            let _ = self.runs.remove_label_values(&[check, status.label()]);
        }
        let _ = self.duration.remove_label_values(&[check]);
    }
}
