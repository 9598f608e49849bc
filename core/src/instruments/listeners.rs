//! HTTP.

use std::sync::Arc;

use prometheus::{
    Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, Registry,
};

use super::{named, register};
use crate::http::{Answer, Observer, Refusal, routes::HEALTHY};

const BUCKETS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0,
];

/// All listeners.
#[derive(Debug, Clone)]
pub struct Listeners {
    requests: CounterVec,
    duration: HistogramVec,
    connections: GaugeVec,
    in_flight: GaugeVec,
    refused: CounterVec,
}

/// One listener.
#[derive(Debug)]
pub struct ListenerMetrics {
    name: &'static str,
    requests: CounterVec,
    duration: HistogramVec,
    connections: Gauge,
    in_flight: Gauge,
    refused: Vec<(Refusal, Counter)>,
    /// Of all requests that are not the program's own.
    all: Option<Histogram>,
}

impl Listeners {
    pub(super) fn new(registry: &Registry) -> Self {
        let duration = HistogramOpts::new(
            "gaxx_http_request_duration_seconds",
            "From a request's head to its answer's head.",
        );
        let gauge =
            |name, help| register(registry, GaugeVec::new(named(name, help), &["listener"]));
        let counter = |name, help, labels: &[&str]| {
            register(registry, CounterVec::new(named(name, help), labels))
        };
        Self {
            requests: counter(
                "gaxx_http_requests_total",
                "Requests that were answered.",
                &["listener", "route", "method", "code"],
            ),
            duration: register(
                registry,
                HistogramVec::new(duration.buckets(BUCKETS.to_vec()), &["listener", "route"]),
            ),
            connections: gauge("gaxx_http_connections", "Open connections."),
            in_flight: gauge(
                "gaxx_http_requests_in_flight",
                "Requests that are being answered.",
            ),
            refused: counter(
                "gaxx_http_refused_total",
                "Connections and requests that were refused, by reason.",
                &["listener", "reason"],
            ),
        }
    }

    /// The metrics of a listener, at zero. The duration of every request also goes to `all`,
    /// except where it asked for nothing but whether the program lives.
    pub fn of(&self, name: &'static str, all: Option<Histogram>) -> Arc<ListenerMetrics> {
        let refused = Refusal::ALL.map(|reason| {
            (
                reason,
                self.refused.with_label_values(&[name, reason.label()]),
            )
        });
        Arc::new(ListenerMetrics {
            name,
            requests: self.requests.clone(),
            duration: self.duration.clone(),
            connections: self.connections.with_label_values(&[name]),
            in_flight: self.in_flight.with_label_values(&[name]),
            refused: refused.into(),
            all,
        })
    }
}

impl Observer for ListenerMetrics {
    fn accepted(&self) {
        self.connections.inc();
    }

    fn closed(&self) {
        self.connections.dec();
    }

    fn refused(&self, reason: Refusal) {
        if let Some((_, counter)) = self.refused.iter().find(|(other, _)| *other == reason) {
            counter.inc();
        }
    }

    fn began(&self) {
        self.in_flight.inc();
    }

    fn answered(&self, answer: &Answer) {
        let code = answer.status.to_string();
        let labels = [self.name, answer.route, answer.method, &code];
        self.requests.with_label_values(&labels).inc();
        self.duration
            .with_label_values(&[self.name, answer.route])
            .observe(answer.seconds);
        if let Some(all) = self.all.as_ref().filter(|_| answer.route != HEALTHY) {
            all.observe(answer.seconds);
        }
    }

    fn ended(&self) {
        self.in_flight.dec();
    }
}
