//! Programs in any language: metrics they print, checks of Nagios, and files of metrics, as the
//! README of the plugin `exec` has them.

mod bounds;
mod deaths;
mod debian;
mod libraries;
mod long_lived;
mod nagios;
mod printed;
mod textfile;

use std::fs;
use std::path::PathBuf;

use gaxx_tests::{BOUND, Monitor, MonitorBuilder, wait_for, wait_until};
use rustix::process::{Pid, test_kill_process};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Instances of the plugin, and a folder that their programs share.
struct Programs {
    folder: TempDir,
    instances: Map<String, Value>,
}

impl Programs {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("gaxx-exec-").tempdir();
        Self {
            folder: folder.unwrap(),
            instances: Map::new(),
        }
    }

    /// A file of the folder.
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a program wrote to a file of the folder; waits for it.
    #[track_caller]
    fn written(&self, name: &str) -> String {
        wait_until(&format!("{name} is written"), || {
            fs::read(self.file(name)).is_ok_and(|text| text.ends_with(b"\n"))
        });
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// Lines of shell as a command. They are run in the folder, which is also `$1`.
    fn command(&self, lines: &str) -> Value {
        let folder = self.folder.path();
        json!([
            "/bin/sh",
            "-c",
            format!("cd \"$1\" || exit\n{lines}"),
            "sh",
            folder
        ])
    }

    /// One more instance.
    fn add(&mut self, instance: &str, settings: Value) {
        self.instances.insert(instance.to_owned(), settings);
    }

    /// One more instance: lines of shell whose output is metrics.
    fn collector(&mut self, instance: &str, lines: &str) {
        let command = self.command(lines);
        self.add(instance, json!({ "exec": { "command": command } }));
    }

    /// One more instance: lines of shell that are a check.
    fn check(&mut self, instance: &str, lines: &str) {
        let command = self.command(lines);
        self.add(instance, json!({ "nagios": { "command": command } }));
    }

    /// A program that collects and checks often, and takes every verdict at once.
    fn builder(&self) -> MonitorBuilder {
        let config = json!({
            "plugins": {
                "exec": { "interval": "200ms", "deadline": "20s", "instances": self.instances },
            },
            "health": { "interval": "200ms", "timeout": "20s", "rise": 1, "fall": 1 },
        });
        Monitor::builder().config(&config.to_string())
    }

    #[track_caller]
    fn start(&self) -> Monitor {
        self.builder().start()
    }
}

/// The row of a component of an instance, such as `exec@backup`.
#[track_caller]
fn row(monitor: &Monitor, label: &str) -> Value {
    let plugin = monitor.plugin("exec").expect("the plugin is built in");
    let components = plugin["components"].as_array().unwrap();
    let found = components.iter().find(|row| row["name"] == label);
    found
        .unwrap_or_else(|| panic!("no component {label}: {plugin:#}"))
        .clone()
}

/// Waits until a component fails with a message that has this part, and gives its row.
#[track_caller]
fn wait_error(monitor: &Monitor, label: &str, part: &str) -> Value {
    let failed = wait_for(BOUND, || {
        let row = row(monitor, label);
        let has = row["error"]
            .as_str()
            .is_some_and(|error| error.contains(part));
        if has { Ok(row) } else { Err(row.to_string()) }
    });
    let row = failed.unwrap_or_else(|row| panic!("{label} does not fail with {part:?}: {row}"));
    assert!(
        row["remedy"].as_str().is_some_and(|text| !text.is_empty()),
        "{row}"
    );
    row
}

/// Waits until a component has succeeded so often.
#[track_caller]
fn wait_successes(monitor: &Monitor, label: &str, least: u64) {
    wait_until(&format!("{label} succeeds {least} times"), || {
        let row = row(monitor, label);
        row["calls"].as_u64().unwrap() - row["failures"].as_u64().unwrap() >= least
    });
}

/// Waits for the value of a metric.
#[track_caller]
fn wait_value(monitor: &Monitor, name: &str, labels: &[(&str, &str)], value: f64) {
    let told = wait_for(BOUND, || {
        let found = monitor.metrics().value(name, labels);
        if found == Some(value) {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    });
    told.unwrap_or_else(|found| panic!("{name} is not {value}: {found}"));
}

/// Waits until a check has a verdict of this status, and gives its report.
#[track_caller]
fn wait_check(monitor: &Monitor, instance: &str, status: &str) -> Value {
    let name = format!("exec/nagios/{instance}");
    let found = wait_for(BOUND, || {
        let checks = monitor.checks();
        let report = checks.iter().find(|check| check["name"] == name.as_str());
        match report {
            Some(report) if report["last_checked"].is_string() && report["status"] == status => {
                Ok(report.clone())
            }
            other => Err(format!("{other:?}")),
        }
    });
    found.unwrap_or_else(|found| panic!("{name} is not {status}: {found}"))
}

/// Waits until a process is gone, or a zombie that its new parent has not yet reaped.
#[track_caller]
fn wait_gone(pid: &str) {
    let pid = pid.trim();
    let number = Pid::from_raw(pid.parse().unwrap()).unwrap();
    wait_until(&format!("process {pid} is gone"), || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
        test_kill_process(number).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
    });
}
