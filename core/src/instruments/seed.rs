//! The names of the first program, which are a contract. Those that plugins bring in the role of
//! the agent are theirs.

use prometheus::{Counter, Gauge, Histogram, HistogramOpts, Registry};

use super::{named, register};
use crate::role::Role;

/// Buckets of durations that are fractions of a second to minutes.
const SECONDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0,
];
/// Buckets of requests, most of which take less than a millisecond.
const REQUESTS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0,
];
/// Buckets of megabytes a second.
const SPEEDS: &[f64] = &[1.0, 5.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0];

/// The seed's metrics that are not of the process itself. Each is there from the first scrape on.
#[derive(Debug, Clone)]
pub struct Seed {
    /// Starts of this program: `gaxx_app_starts`, or `gaxx_agent_starts`.
    pub starts: Counter,
    /// Errors that were logged: `gaxx_app_errors`, or `gaxx_agent_errors`.
    pub errors: Counter,
    /// What only the role has.
    pub role: RoleSeed,
}

/// The names that only one role has.
#[derive(Debug, Clone)]
pub enum RoleSeed {
    /// Of the main application.
    Main(MainSeed),
    /// Of an agent.
    Agent(AgentSeed),
}

/// The names that core has for the main application. On an agent plugins bring those of tasks and
/// files.
#[derive(Debug, Clone)]
pub struct MainSeed {
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

/// The names that core has for an agent.
#[derive(Debug, Clone)]
pub struct AgentSeed {
    /// How long requests to the API took.
    pub request_duration: Histogram,
    /// Ends that were asked for.
    pub shutdowns: Counter,
}

impl Seed {
    pub(super) fn new(registry: &Registry, role: Role) -> Self {
        let make = Make(registry);
        match role {
            Role::Main => Self {
                starts: make.counter("gaxx_app_starts", "Starts of the application."),
                errors: make.counter("gaxx_app_errors", "Errors that the application has logged."),
                role: RoleSeed::Main(MainSeed::new(&make)),
            },
            Role::Agent => Self {
                starts: make.counter("gaxx_agent_starts", "Starts of the agent."),
                errors: make.counter("gaxx_agent_errors", "Errors that the agent has logged."),
                role: RoleSeed::Agent(AgentSeed::new(&make)),
            },
        }
    }

    /// The names of an agent, where the program is one.
    pub fn agent(&self) -> Option<&AgentSeed> {
        match &self.role {
            RoleSeed::Main(_) => None,
            RoleSeed::Agent(agent) => Some(agent),
        }
    }
}

impl MainSeed {
    fn new(make: &Make<'_>) -> Self {
        let seed = Self {
            tasks_started: make.counter("gaxx_tasks_started", "Tasks that were started."),
            task_duration: make.histogram(
                "gaxx_task_duration",
                "Seconds that tasks took.",
                SECONDS,
            ),
            task_success_rate: make.gauge(
                "gaxx_task_success_rate_percent",
                "Successful ones of the last 100 finished tasks, in percent; 100 before any.",
            ),
            node_execution_duration: make.histogram(
                "gaxx_node_execution_duration",
                "Seconds that a task took on one node.",
                SECONDS,
            ),
            file_transfer_duration: make.histogram(
                "gaxx_file_transfer_duration",
                "Seconds that file transfers took.",
                SECONDS,
            ),
            file_transfer_throughput: make.histogram(
                "gaxx_file_transfer_throughput_mbps",
                "Speed of file transfers, in megabytes (10^6 bytes) a second.",
                SPEEDS,
            ),
        };
        seed.task_success_rate.set(100.0);
        seed
    }
}

impl AgentSeed {
    fn new(make: &Make<'_>) -> Self {
        Self {
            request_duration: make.histogram(
                "gaxx_agent_request_duration",
                "Seconds from the head of a request to the API to its answer's head; the agent's own check is left out.",
                REQUESTS,
            ),
            shutdowns: make.counter(
                "gaxx_agent_shutdowns",
                "Times that the agent was told to end.",
            ),
        }
    }
}

/// Makes instruments without labels.
struct Make<'a>(&'a Registry);

impl Make<'_> {
    fn counter(&self, name: &str, help: &str) -> Counter {
        register(self.0, Counter::with_opts(named(name, help)))
    }

    fn gauge(&self, name: &str, help: &str) -> Gauge {
        register(self.0, Gauge::with_opts(named(name, help)))
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        register(self.0, Histogram::with_opts(options))
    }
}
