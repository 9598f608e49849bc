//! Plugins in processes of their own: whatever their code does, it does to that process. The rest
//! answers all the while, says what happened, and the plugin comes back.

mod deaths;
mod helpers;
mod processes;
mod requests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gaxx_tests::{Monitor, Process, wait_until};

use crate::rogue::Rogue;

/// Intervals and deadlines that do not keep a test waiting, and restarts without end.
const QUICK: &str = "plugins:
  process: {restart_delay: 1ms, restarts: 1000000}
  rogue: {interval: 1s, deadline: 1s}
health: {interval: 1s, timeout: 1s}
";

/// Longer than anything that does not wait for a plugin takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(20);

impl Rogue {
    /// The number of the plugin's process; nothing while there is none.
    #[track_caller]
    fn process(&self) -> Option<u32> {
        let pid = self.plugin("rogue")?["process"]["pid"].as_u64()?;
        u32::try_from(pid).ok()
    }

    /// Waits until the plugin has a process, and gives its number.
    #[track_caller]
    fn wait_process(&self) -> u32 {
        wait_until("the plugin has a process", || self.process().is_some());
        // It may have gone by now, and there may be another one.
        self.process().unwrap_or_else(|| self.wait_process())
    }

    /// How often the plugin's process was started again.
    #[track_caller]
    fn restarts(&self) -> u64 {
        let row = self.plugin("rogue").unwrap();
        let restarts = row["process"]["restarts"].as_u64();
        restarts.unwrap_or_else(|| panic!("no process: {row}"))
    }

    /// Waits until every component of the plugin runs, and all else is as it should be.
    #[track_caller]
    fn wait_well(&self) {
        wait_until("all components run", || {
            self.plugin("rogue").unwrap()["state"] == "running"
        });
        self.wait_calls("calm", 1);
        self.expect_sound();
    }
}

/// Does something, and sees that the pages answer all the while, and that what a plugin counts
/// never gets less.
#[track_caller]
fn all_the_while(monitor: &Monitor, work: impl FnOnce()) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _guard = Guard(&over);
        scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                for path in ["/-/healthy", "/health", "/api/plugins", "/dashboard"] {
                    let answer = monitor.request("GET", path).timeout(PATIENCE).send();
                    let unhealthy = path == "/health" && answer.status == 503;
                    assert!(answer.status == 200 || unhealthy, "{path}: {answer:?}");
                }
                thread::sleep(Duration::from_millis(20));
            }
        });
        scope.spawn(|| {
            let mut before = 0.0;
            while !over.load(Ordering::Acquire) {
                let count = monitor.metrics().value("rogue_calm_total", &[]);
                let count = count.unwrap_or(before);
                assert!(count >= before, "it went back from {before} to {count}");
                before = count;
                thread::sleep(Duration::from_millis(20));
            }
        });
        work();
    });
}

/// Ends what goes on beside it, also where a test fails.
struct Guard<'a>(&'a AtomicBool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Waits until a process has gone.
#[track_caller]
fn wait_gone(pid: u32) {
    let is_there = || Process::all().iter().any(|process| process.0 == pid);
    wait_until(&format!("process {pid} has gone"), || !is_there());
}
