//! What is counted. The names of the original program stay, letter for letter.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use gaxx_sdk::prelude::*;

use crate::{
    decline::Kind,
    policy,
    report::{Outcome, Report},
};

/// Seconds, from what a command costs at least to an hour.
const SECONDS: [f64; 17] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0,
    1800.0, 3600.0,
];
/// Bytes, from a line to a gibibyte.
const BYTES: [f64; 11] = [
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    16_777_216.0,
    268_435_456.0,
    1_073_741_824.0,
];
/// Of how many runs the rate of success is.
const RATED: usize = 100;

/// What is counted.
#[derive(Debug)]
pub(crate) struct Measures {
    pub(crate) requests: Counter,
    successful: Counter,
    failed: Counter,
    errors: Counter,
    duration: Histogram,
    output: Histogram,
    running: Gauge,
    queued: Gauge,
    replayed: Counter,
    outcomes: Vec<(Outcome, Counter)>,
    refused: Vec<(&'static str, Counter)>,
    tasks_started: Counter,
    tasks_successful: Counter,
    tasks_failed: Counter,
    task_duration: Histogram,
    success_rate: Gauge,
    last: Mutex<VecDeque<bool>>,
}

impl Measures {
    pub(crate) fn new(context: &Context) -> Result<Self> {
        let outcomes = context.counters(
            "gaxx_agent_exec_outcomes_total",
            "Commands that have ended, by how they came to their end.",
            ["outcome"],
        )?;
        let refused = context.counters(
            "gaxx_agent_exec_refused_total",
            "Requests that came to no run, by the reason.",
            ["reason"],
        )?;
        let reasons = Kind::ALL.iter().map(|kind| kind.label());
        let reasons = reasons.chain(policy::Reason::ALL.iter().map(|reason| reason.label()));
        let counter = |name: &str, help: &str| context.counter(name, help);
        let measures = Self {
            requests: counter("gaxx_agent_exec_requests", "Requests to run a command.")?,
            successful: counter(
                "gaxx_agent_exec_successful",
                "Commands that exited with status 0.",
            )?,
            failed: counter(
                "gaxx_agent_exec_failed",
                "Commands that ended otherwise, or could not be started.",
            )?,
            errors: counter(
                "gaxx_agent_exec_errors",
                "Requests that came to no end of a command: refused, not started, or unknown.",
            )?,
            duration: context.histogram(
                "gaxx_agent_exec_duration",
                "Seconds from the start of a command to its end.",
                &SECONDS,
            )?,
            output: context.histogram(
                "gaxx_agent_exec_output_size",
                "Bytes that a command printed to both of its streams.",
                &BYTES,
            )?,
            running: context.gauge("gaxx_agent_exec_running", "Commands that run.")?,
            queued: context.gauge(
                "gaxx_agent_exec_queued",
                "Requests that wait for their turn.",
            )?,
            replayed: counter(
                "gaxx_agent_exec_replayed_total",
                "Requests that were answered with an earlier run of their key.",
            )?,
            outcomes: Outcome::ALL
                .iter()
                .map(|outcome| Ok((*outcome, outcomes.try_with([outcome.label()])?)))
                .collect::<Result<_>>()?,
            refused: reasons
                .map(|label| Ok((label, refused.try_with([label])?)))
                .collect::<Result<_>>()?,
            tasks_started: counter(
                "gaxx_tasks_started",
                "Runs that this agent was given and began.",
            )?,
            tasks_successful: counter(
                "gaxx_tasks_completed_successfully",
                "Runs that exited with status 0.",
            )?,
            tasks_failed: counter(
                "gaxx_tasks_completed_with_failures",
                "Runs that ended otherwise.",
            )?,
            task_duration: context.histogram(
                "gaxx_task_duration",
                "Seconds that a run took.",
                &SECONDS,
            )?,
            success_rate: context.gauge(
                "gaxx_task_success_rate_percent",
                "Percent of the last 100 runs that exited with status 0; 100 before any has ended.",
            )?,
            last: Mutex::default(),
        };
        measures.success_rate.set(100.0);
        measures.busy((0, 0));
        Ok(measures)
    }

    /// So many commands run, and so many requests wait.
    pub(crate) fn busy(&self, (running, queued): (usize, usize)) {
        self.running.set(running as f64);
        self.queued.set(queued as f64);
    }

    pub(crate) fn started(&self) {
        self.tasks_started.increment();
    }

    pub(crate) fn replayed(&self) {
        self.replayed.increment();
    }

    /// A request came to no run.
    pub(crate) fn refused(&self, label: &str) {
        self.errors.increment();
        if let Some((_, counter)) = self.refused.iter().find(|(other, _)| *other == label) {
            counter.increment();
        }
    }

    /// A run has ended.
    pub(crate) fn ended(&self, report: &Report) {
        let success = report.is_success();
        if matches!(report.outcome, Outcome::SpawnFailed | Outcome::Unknown) {
            self.errors.increment();
        }
        let (agent, task) = if success {
            (&self.successful, &self.tasks_successful)
        } else {
            (&self.failed, &self.tasks_failed)
        };
        agent.increment();
        task.increment();
        let seconds = report.duration_ms / 1000.0;
        self.duration.observe(seconds);
        self.task_duration.observe(seconds);
        self.output
            .observe((report.stdout_bytes + report.stderr_bytes) as f64);
        if let Some((_, counter)) = self
            .outcomes
            .iter()
            .find(|(outcome, _)| *outcome == report.outcome)
        {
            counter.increment();
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.push_front(success);
        last.truncate(RATED);
        let good = last.iter().filter(|success| **success).count();
        self.success_rate
            .set(100.0 * good as f64 / last.len() as f64);
    }
}
