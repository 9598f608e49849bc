//! The names of the first program, which are a contract.

use prometheus::{Counter, Gauge, Histogram, HistogramOpts, Registry};

use super::{named, register};

/// Buckets of durations that are fractions of a second to minutes.
const SECONDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0,
];
/// Buckets of megabytes a second.
const SPEEDS: &[f64] = &[1.0, 5.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0];

/// The seed's metrics of the main role that are not of the process itself. Each is there from the
/// first scrape on.
#[derive(Debug, Clone)]
pub struct Seed {
    /// Starts of this program.
    pub app_starts: Counter,
    /// Errors that were logged.
    pub app_errors: Counter,
    /// Tasks that were begun.
    pub tasks_started: Counter,
    /// How long tasks took.
    pub task_duration: Histogram,
    /// Successful ones of the last 100 tasks.
    pub task_success_rate: Gauge,
    /// How long a task took on one node.
    pub node_execution_duration: Histogram,
    /// How long files took.
    pub file_transfer_duration: Histogram,
    /// How fast files were.
    pub file_transfer_throughput: Histogram,
}

impl Seed {
    pub(super) fn new(registry: &Registry) -> Self {
        let counter = |name, help| register(registry, Counter::with_opts(named(name, help)));
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            register(registry, Histogram::with_opts(options))
        };
        let success_rate = Gauge::with_opts(named(
            "gaxx_task_success_rate_percent",
            "Successful ones of the last 100 finished tasks, in percent; 100 before any.",
        ));
        let seed = Self {
            app_starts: counter("gaxx_app_starts", "Starts of the application."),
            app_errors: counter("gaxx_app_errors", "Errors that the application has logged."),
            tasks_started: counter("gaxx_tasks_started", "Tasks that were started."),
            task_duration: histogram("gaxx_task_duration", "Seconds that tasks took.", SECONDS),
            task_success_rate: register(registry, success_rate),
            node_execution_duration: histogram(
                "gaxx_node_execution_duration",
                "Seconds that a task took on one node.",
                SECONDS,
            ),
            file_transfer_duration: histogram(
                "gaxx_file_transfer_duration",
                "Seconds that file transfers took.",
                SECONDS,
            ),
            file_transfer_throughput: histogram(
                "gaxx_file_transfer_throughput_mbps",
                "Speed of file transfers, in megabytes (10^6 bytes) a second.",
                SPEEDS,
            ),
        };
        seed.task_success_rate.set(100.0);
        seed
    }
}
