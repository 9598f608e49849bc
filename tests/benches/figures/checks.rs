//! 1,000 health checks at intervals of a second.

use std::{fmt::Write as _, thread::sleep, time::Duration};

use gaxx_tests::{Monitor, Process};

use crate::{Table, spread::Spread};

const CHECKS: usize = 1000;
const RUNS: usize = 3;
/// How long the CPU time of each run is counted.
const TIME: Duration = Duration::from_secs(20);

pub(crate) fn measure(table: &mut Table) {
    let shares = |checks: usize| Spread::of((0..RUNS).map(|_| share(checks)).collect::<Vec<_>>());
    table.row(
        &format!("CPU of {CHECKS} checks of files, each once a second"),
        &format!("{} % of a core", shares(CHECKS)),
        &format!("with one of them: {} %", shares(1)),
        "5 %",
    );
}

/// The CPU time that so many checks take, in percent of a core.
fn share(checks: usize) -> f64 {
    let mut instances = String::new();
    for number in 0..checks {
        let _ = writeln!(
            instances,
            "      c{number}: {{file: {{path: /etc/hostname}}}}"
        );
    }
    let monitor = Monitor::builder()
        .config(&format!(
            "telemetry: {{metrics_interval: 1h}}\nhealth: {{interval: 1s}}\nplugins:\n  probe:\n    instances:\n{instances}"
        ))
        .start();
    monitor.wait_ready();
    // What is done once at the start is over.
    sleep(Duration::from_secs(5));
    let runs = || {
        let metrics = monitor.metrics();
        let all = metrics.samples("gaxx_health_check_runs_total");
        all.iter().map(|sample| sample.value).sum::<f64>()
    };
    let (before, ran) = (Process(monitor.pid()).cpu(), runs());
    sleep(TIME);
    let used = Process(monitor.pid()).cpu().saturating_sub(before);
    let ran = runs() - ran;
    let expected = checks as f64 * TIME.as_secs_f64();
    assert!(ran > expected * 0.9, "{ran} runs in place of {expected}");
    used.as_secs_f64() / TIME.as_secs_f64() * 100.0
}
