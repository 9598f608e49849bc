//! Calls of components.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus::{
    Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, Registry,
};

use super::{named, register};
use crate::{
    plugin::{Kind, record::Reason},
    registry::Owner,
};

/// Buckets in seconds: a component's cost is told by its power of ten.
const BUCKETS: &[f64] = &[0.0001, 0.001, 0.01, 0.1, 1.0, 10.0];
const LABELS: &[&str] = &["plugin", "component", "kind"];
/// What becomes of a helper that is asked for.
const OUTCOMES: [&str; 2] = ["started", "refused"];

/// Calls of all components.
#[derive(Debug, Clone)]
pub struct Components {
    calls: CounterVec,
    failures: CounterVec,
    duration: HistogramVec,
    last_success: GaugeVec,
    collector_duration: GaugeVec,
    collector_success: GaugeVec,
    helpers: CounterVec,
}

/// Helpers of one component.
#[derive(Debug, Clone)]
pub struct HelperMetrics {
    started: Counter,
    refused: Counter,
}

/// Calls of one component.
#[derive(Debug, Clone)]
pub struct ComponentMetrics {
    calls: Counter,
    failures: Vec<Counter>,
    duration: Histogram,
    last_success: Gauge,
    /// As `node_exporter` tells of its collectors; nothing for other kinds.
    collector: Option<(Gauge, Gauge)>,
}

impl Components {
    pub(super) fn new(registry: &Registry) -> Self {
        let histogram = HistogramOpts::new(
            "gaxx_plugin_component_duration_seconds",
            "How long calls of a component took.",
        );
        let failures: Vec<&str> = LABELS.iter().copied().chain(["reason"]).collect();
        let counter = |name, help, labels: &[&str]| {
            register(registry, CounterVec::new(named(name, help), labels))
        };
        let gauge = |name, help, labels: &[&str]| {
            register(registry, GaugeVec::new(named(name, help), labels))
        };
        Self {
            calls: counter(
                "gaxx_plugin_component_calls_total",
                "Calls of a component that ended or passed their deadline.",
                LABELS,
            ),
            failures: counter(
                "gaxx_plugin_component_failures_total",
                "Calls of a component that failed, by reason.",
                &failures,
            ),
            duration: register(
                registry,
                HistogramVec::new(histogram.buckets(BUCKETS.to_vec()), LABELS),
            ),
            last_success: gauge(
                "gaxx_plugin_component_last_success_timestamp_seconds",
                "When a call of a component last succeeded, in seconds since the Unix epoch; 0: never.",
                LABELS,
            ),
            collector_duration: gauge(
                "node_scrape_collector_duration_seconds",
                "How long the last collection of a collector took.",
                &["collector"],
            ),
            collector_success: gauge(
                "node_scrape_collector_success",
                "Whether the last collection of a collector succeeded.",
                &["collector"],
            ),
            helpers: counter(
                "gaxx_plugin_helpers_total",
                "Helpers that a component has asked for, by whether they were started or refused.",
                &["plugin", "component", "outcome"],
            ),
        }
    }

    /// The metrics of a component's helpers, at zero.
    pub fn helpers(&self, owner: &Owner) -> HelperMetrics {
        let component = owner.component_label();
        let of = |outcome| {
            let labels = [owner.plugin.as_str(), component.as_ref(), outcome];
            self.helpers.with_label_values(&labels)
        };
        let [started, refused] = OUTCOMES.map(of);
        HelperMetrics { started, refused }
    }

    /// The metrics of a component, at zero.
    pub fn of(&self, owner: &Owner, kind: Kind) -> ComponentMetrics {
        let component = owner.component_label();
        let labels = [owner.plugin.as_str(), &component, kind.label()];
        let failures = Reason::ALL.iter().map(|reason| {
            let [plugin, component, kind] = labels;
            self.failures
                .with_label_values(&[plugin, component, kind, reason.label()])
        });
        let collector = (kind == Kind::Collector).then(|| {
            let name = collector_name(&component);
            (
                self.collector_duration.with_label_values(&[&name]),
                self.collector_success.with_label_values(&[&name]),
            )
        });
        ComponentMetrics {
            calls: self.calls.with_label_values(&labels),
            failures: failures.collect(),
            duration: self.duration.with_label_values(&labels),
            last_success: self.last_success.with_label_values(&labels),
            collector,
        }
    }

    /// Forgets a component that is gone.
    pub fn forget(&self, owner: &Owner, kind: Kind) {
        let component = owner.component_label();
        let labels = [owner.plugin.as_str(), &component, kind.label()];
        // What is not there is forgotten already.
        for reason in Reason::ALL {
            let [plugin, component, kind] = labels;
            let _ = self
                .failures
                .remove_label_values(&[plugin, component, kind, reason.label()]);
        }
        for outcome in OUTCOMES {
            let [plugin, component, _] = labels;
            let _ = self
                .helpers
                .remove_label_values(&[plugin, component, outcome]);
        }
        let _ = self.calls.remove_label_values(&labels);
        let _ = self.duration.remove_label_values(&labels);
        let _ = self.last_success.remove_label_values(&labels);
        if kind == Kind::Collector {
            let name = collector_name(&component);
            let _ = self.collector_duration.remove_label_values(&[&name]);
            let _ = self.collector_success.remove_label_values(&[&name]);
        }
    }
}

/// As `node_exporter` writes it: `thermal_zone`.
fn collector_name(component: &str) -> String {
    component.replace('-', "_")
}

impl HelperMetrics {
    /// One was asked for.
    pub fn asked(&self, started: bool) {
        let counter = if started {
            &self.started
        } else {
            &self.refused
        };
        counter.inc();
    }
}

impl ComponentMetrics {
    /// A call came back.
    pub fn observed(&self, took: Duration, late: bool) {
        // One that passed its deadline was counted then.
        if !late {
            self.calls.inc();
        }
        self.duration.observe(took.as_secs_f64());
        if let Some((duration, _)) = &self.collector {
            duration.set(took.as_secs_f64());
        }
    }

    /// A call succeeded.
    pub fn succeeded(&self, now: SystemTime) {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_success.set(now.as_secs_f64());
        if let Some((_, success)) = &self.collector {
            success.set(1.0);
        }
    }

    /// A call failed without coming back: it is late, or was not made.
    pub fn missed(&self, reason: Reason) {
        self.calls.inc();
        self.failed(reason);
    }

    /// A call came back and had failed, or the component could not be made.
    pub fn failed(&self, reason: Reason) {
        if let Some(counter) = Reason::ALL
            .iter()
            .position(|other| *other == reason)
            .and_then(|at| self.failures.get(at))
        {
            counter.inc();
        }
        if let Some((_, success)) = &self.collector {
            success.set(0.0);
        }
    }
}
