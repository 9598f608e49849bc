//! Plugins that misbehave: whatever one of them does, everything else goes on, and says so.

mod checks;
mod collectors;
mod commands;
mod endpoints;
mod exporters;
mod libraries;
mod limits;
mod making;
mod reloading;
mod stopping;

use std::fs;
use std::ops::{Deref, DerefMut};

use gaxx_tests::{Monitor, PluginFolder, cdylib, wait_until};
use serde_json::Value;

/// The plugin whose components misbehave when they are told to.
const ROGUE: &str = "gaxx-rogue";

/// Says where the code of plugins runs.
const ISOLATION: &str = "GAXX_PLUGINS__ISOLATION";
const IN_PROCESS: &str = "in-process";
const PROCESS: &str = "process";

/// Intervals and deadlines that do not keep a test waiting, and reloads only when a test asks.
const QUICK: &str = "plugins:
  watch: false
  rogue:
    interval: 1s
    deadline: 1s
health:
  interval: 1s
  timeout: 1s
  # Whoever runs this may have more load than the check likes.
  checks: {system/load: {enabled: false}, system/disk: {enabled: false}, system/memory: {enabled: false}}
";

/// The shipped program with the rogue plugin.
pub(crate) struct Rogue {
    folder: PluginFolder,
    monitor: Monitor,
}

impl Deref for Rogue {
    type Target = Monitor;

    fn deref(&self) -> &Monitor {
        &self.monitor
    }
}

impl DerefMut for Rogue {
    fn deref_mut(&mut self) -> &mut Monitor {
        &mut self.monitor
    }
}

impl Rogue {
    /// Starts it with the plugin's code in the program; the components in `told`, separated by
    /// commas, misbehave from the first call on.
    #[track_caller]
    pub(crate) fn start(told: &str, config: &str) -> Self {
        Self::start_with(told, config, &[])
    }

    /// The same, with more libraries beside it.
    #[track_caller]
    fn start_with(told: &str, config: &str, packages: &[&str]) -> Self {
        Self::start_in(IN_PROCESS, told, config, packages)
    }

    /// Starts it with the plugin in a process of its own.
    #[track_caller]
    pub(crate) fn isolated(told: &str, config: &str) -> Self {
        Self::start_in(PROCESS, told, config, &[])
    }

    #[track_caller]
    fn start_in(isolation: &str, told: &str, config: &str, packages: &[&str]) -> Self {
        let folder = PluginFolder::new();
        folder.add(&cdylib(ROGUE));
        for package in packages {
            folder.add(&cdylib(package));
        }
        folder.write("told", told.as_bytes(), 0o644);
        let monitor = Monitor::builder()
            .plugins(folder.path())
            .env("HOME", folder.path())
            .env(ISOLATION, isolation)
            .config(config)
            .start();
        Self { folder, monitor }
    }

    /// Tells these components to misbehave from now on, and no others.
    #[track_caller]
    pub(crate) fn tell(&self, told: &str) {
        self.folder.write("told", told.as_bytes(), 0o644);
    }

    /// The row of one of its components.
    #[track_caller]
    pub(crate) fn component(&self, name: &str) -> Value {
        let row = self.plugin("rogue").unwrap();
        let components = row["components"].as_array().unwrap();
        let found = components
            .iter()
            .find(|component| component["name"] == name);
        found
            .unwrap_or_else(|| panic!("no component {name}: {row}"))
            .clone()
    }

    /// Waits until a component is in this state, and gives its row.
    #[track_caller]
    pub(crate) fn wait_state(&self, name: &str, state: &str) -> Value {
        wait_until(&format!("{name} is {state}"), || {
            self.component(name)["state"] == state
        });
        self.component(name)
    }

    /// The calls of a component so far.
    #[track_caller]
    pub(crate) fn calls(&self, name: &str) -> u64 {
        self.component(name)["calls"].as_u64().unwrap()
    }

    /// Waits until a component was called so many times more.
    #[track_caller]
    pub(crate) fn wait_calls(&self, name: &str, more: u64) {
        let before = self.calls(name);
        wait_until(&format!("{name} is called {more} times more"), || {
            self.calls(name) >= before + more
        });
    }

    /// How often a component failed for one reason.
    #[track_caller]
    pub(crate) fn failures(&self, component: &str, reason: &str) -> f64 {
        let labels = [
            ("plugin", "rogue"),
            ("component", component),
            ("reason", reason),
        ];
        let name = "gaxx_plugin_component_failures_total";
        self.metrics().value(name, &labels).unwrap_or(0.0)
    }

    /// Waits until a component failed for this reason at least so many times.
    #[track_caller]
    pub(crate) fn wait_failures(&self, component: &str, reason: &str, least: f64) {
        wait_until(&format!("{component} fails for reason {reason}"), || {
            self.failures(component, reason) >= least
        });
    }

    /// The value of a metric without labels.
    #[track_caller]
    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.metrics().value(name, &[])
    }

    /// The lines of the log that hold all of these texts.
    pub(crate) fn log_with(&self, texts: &[&str]) -> Vec<String> {
        let mut lines = self.log();
        lines.retain(|line| texts.iter().all(|text| line.contains(text)));
        lines
    }

    /// How many threads run plugins' code.
    fn plugin_threads(&self) -> usize {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
        let names = tasks
            .flatten()
            .filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.trim() == "plugin").count()
    }

    /// What must hold whatever a component does: the pages answer, other plugins deliver, every
    /// line of the log is one that the program wrote, and no panic was printed.
    #[track_caller]
    pub(crate) fn expect_sound(&self) {
        let scrape = self.metrics();
        for name in ["gaxx_uptime_seconds", "node_load1", "rogue_calm_total"] {
            assert!(scrape.value(name, &[]).is_some(), "{name} is missing");
        }
        for path in ["/-/healthy", "/api/health", "/api/metrics", "/dashboard"] {
            assert_eq!(self.get(path).status, 200, "{path}");
        }
        assert!([200, 503].contains(&self.get("/health").status));
        for line in self.log() {
            assert!(line.starts_with("20"), "no line of the log: {line}");
            assert!(!line.chars().any(char::is_control), "{line:?}");
            assert!(!line.contains("stack backtrace"), "{line}");
            assert!(!line.contains("RUST_BACKTRACE"), "{line}");
        }
    }
}

/// Does the same with the code of all plugins in the program, and in processes of their own.
#[track_caller]
fn in_both(told: &str, config: &str, packages: &[&str], test: impl Fn(Rogue)) {
    for isolation in [IN_PROCESS, PROCESS] {
        // Shown where the test fails.
        println!("isolation: {isolation}");
        test(Rogue::start_in(isolation, told, config, packages));
    }
}

/// A row's texts: there, of one line and of a length that people can read.
#[track_caller]
pub(crate) fn expect_explained(row: &Value) {
    for key in ["error", "remedy"] {
        let text = row[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key}: {row}"));
        assert!(!text.is_empty() && text.len() < 5000, "{key}: {row}");
        assert!(!text.chars().any(char::is_control), "{key}: {row}");
    }
}
