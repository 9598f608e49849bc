//! What is to be exported: kept while it cannot be delivered, under the names that are wanted, and on
//! request at once.

use std::{collections::BTreeMap, fs, path::Path, thread, time::Duration};

use gaxx_tests::{BOUND, Monitor, MonitorBuilder, PluginFolder, Random, cdylib, wait_until};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

/// A file that takes nothing: the exporter's disk is full.
const FULL: &str = "/dev/full";

/// A program with an exporter into a file, whose state stays when it ends.
struct Rig {
    plugins: PluginFolder,
    state: TempDir,
}

impl Rig {
    fn new() -> Self {
        let plugins = PluginFolder::new();
        plugins.add(&cdylib("gaxx-example-jsonl"));
        Self {
            plugins,
            state: tempfile::tempdir().unwrap(),
        }
    }

    fn builder(&self, path: &Path, more: &str) -> MonitorBuilder {
        let path = path.display();
        Monitor::builder()
            .plugins(self.plugins.path())
            .env("GAXX_STATE_FOLDER", self.state.path())
            .config(&format!(
                "exporters:\n  jsonl: {{path: {path}, interval: 100ms{more}}}\n"
            ))
    }

    #[track_caller]
    fn start(&self, path: &Path, more: &str) -> Monitor {
        let monitor = self.builder(path, more).start();
        monitor.wait_ready();
        monitor
    }

    /// Where samples are written that are taken.
    fn file(&self) -> std::path::PathBuf {
        self.state.path().join("samples.jsonl")
    }

    /// The lines of the file.
    #[track_caller]
    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.file()).unwrap_or_default();
        // The last may be being written.
        let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
        let lines = whole.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// The files of the exporter's spool.
    fn segments(&self) -> Vec<std::path::PathBuf> {
        let folder = self.state.path().join("export/main/jsonl");
        let entries = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.extension().is_some_and(|suffix| suffix == "spool"))
            .collect()
    }
}

#[track_caller]
fn waiting(monitor: &Monitor) -> f64 {
    figure(monitor, "gaxx_export_queue_batches", &[])
}

#[track_caller]
fn figure(monitor: &Monitor, name: &str, more: &[(&str, &str)]) -> f64 {
    let labels = [&[("exporter", "jsonl")], more].concat();
    let value = monitor.metrics().value(name, &labels);
    value.unwrap_or_else(|| panic!("there is no {name} {labels:?}"))
}

/// How often the batch of each time was delivered.
fn deliveries(lines: &[Value]) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    let of_batch = lines
        .iter()
        .filter(|line| line["name"] == "gaxx_uptime_seconds");
    for line in of_batch {
        *times.entry(line["time"].to_string()).or_default() += 1;
    }
    times
}

#[test]
fn what_was_accepted_outlasts_kill_9() {
    let rig = Rig::new();
    let mut random = Random::new(5);
    let mut accepted = 0.0;
    for round in 0..4 {
        let mut monitor = rig.start(Path::new(FULL), "");
        wait_until("all that waited waits again, and more", || {
            waiting(&monitor) >= accepted + 3.0
        });
        thread::sleep(Duration::from_millis(random.below(200) as u64));
        accepted = waiting(&monitor);
        monitor.signal(Signal::KILL);
        monitor.wait_exit(BOUND);
        assert!(rig.lines().is_empty(), "round {round}");
    }
    let monitor = rig.start(&rig.file(), "");
    wait_until("all is delivered", || {
        deliveries(&rig.lines()).len() as f64 >= accepted && waiting(&monitor) < 1.0
    });
    let times = deliveries(&rig.lines());
    assert!(times.values().all(|count| *count == 1), "{times:#?}");
    for reason in ["rejected", "size", "age", "damaged", "queue", "stopped"] {
        let lost = figure(
            &monitor,
            "gaxx_export_lost_batches_total",
            &[("reason", reason)],
        );
        assert_eq!(lost, 0.0, "{reason}");
    }
    assert!(figure(&monitor, "gaxx_export_samples_total", &[]) > 100.0);
}

#[test]
fn what_waits_at_the_end_waits_for_the_next_start() {
    let rig = Rig::new();
    let mut monitor = rig.start(Path::new(FULL), "");
    wait_until("some wait", || waiting(&monitor) >= 3.0);
    let before = waiting(&monitor);
    monitor.signal(Signal::TERM);
    assert!(monitor.wait_exit(BOUND).success());
    assert!(
        monitor.log_contains("wait in the spool"),
        "{:?}",
        monitor.log()
    );
    let monitor = rig.start(&rig.file(), "");
    wait_until("they are delivered", || {
        deliveries(&rig.lines()).len() as f64 > before
    });
    assert!(
        monitor.log_contains("batches of an earlier run"),
        "{:?}",
        monitor.log()
    );
}

#[test]
fn a_damaged_spool_opens_and_costs_what_is_damaged() {
    let rig = Rig::new();
    let mut monitor = rig.start(Path::new(FULL), "");
    wait_until("some wait", || waiting(&monitor) >= 6.0);
    let before = waiting(&monitor);
    monitor.signal(Signal::KILL);
    monitor.wait_exit(BOUND);
    let segments = rig.segments();
    assert!(!segments.is_empty());
    for segment in segments {
        let mut bytes = fs::read(&segment).unwrap();
        // One batch near the end is hit, and the last one is torn.
        let length = bytes.len();
        bytes[length * 9 / 10] ^= 0xff;
        bytes.truncate(length - 7);
        fs::write(segment, bytes).unwrap();
    }
    let monitor = rig.start(&rig.file(), "");
    wait_until("the rest is delivered", || {
        deliveries(&rig.lines()).len() as f64 >= before - 4.0 && waiting(&monitor) < 1.0
    });
    let times = deliveries(&rig.lines());
    assert!(times.values().all(|count| *count == 1), "{times:#?}");
    assert!(
        figure(&monitor, "gaxx_export_spool_damaged_bytes_total", &[]) > 0.0
            || figure(
                &monitor,
                "gaxx_export_lost_batches_total",
                &[("reason", "damaged")]
            ) > 0.0
    );
}

#[test]
fn a_budget_that_is_spent_costs_the_oldest() {
    let rig = Rig::new();
    let monitor = rig.start(Path::new(FULL), ", spool: {max_size: 1MiB}");
    wait_until("the oldest go", || {
        figure(
            &monitor,
            "gaxx_export_lost_batches_total",
            &[("reason", "size")],
        ) > 0.0
    });
    assert!(figure(&monitor, "gaxx_export_spool_bytes", &[]) <= f64::from(1 << 20));
    // The check says so.
    wait_until("the check is unhealthy", || {
        let checks = monitor.checks();
        let own = checks.iter().find(|check| check["name"] == "export/jsonl");
        own.is_some_and(|check| check["status"] == "unhealthy")
    });
}

#[test]
fn series_go_under_the_names_that_are_wanted() {
    let rig = Rig::new();
    let relabel = ", relabel: [{source_labels: [__name__], regex: gaxx_uptime_seconds|node_load1, action: keep}, \
         {source_labels: [__name__], regex: node_(.*), target_label: __name__, replacement: machine_$1}], \
         labels: {instance: '{host}:1', job: tests}";
    let monitor = rig.start(&rig.file(), relabel);
    wait_until("both are sent", || rig.lines().len() >= 4);
    let host = rustix::system::uname();
    let instance = format!("{}:1", host.nodename().to_string_lossy());
    for line in rig.lines() {
        let name = line["name"].as_str().unwrap();
        assert!(
            ["gaxx_uptime_seconds", "machine_load1"].contains(&name),
            "{line}"
        );
        assert_eq!(line["labels"]["instance"], instance, "{line}");
        assert_eq!(line["labels"]["job"], "tests", "{line}");
    }
    assert!(
        figure(
            &monitor,
            "gaxx_export_left_out_series",
            &[("reason", "relabel")]
        ) > 100.0
    );
    // What cannot be used is named with its place.
    let wrong = ", relabel: [{regex: '('}], labels: {0a: b}";
    let said = rig.builder(&rig.file(), wrong).arg("check-config").run();
    assert_eq!(said.code, Some(1), "{said:?}");
    for part in ["exporters.jsonl.relabel", "exporters.jsonl.labels"] {
        assert!(said.said().contains(part), "{said:?}");
    }
}

#[test]
fn one_batch_can_be_sent_at_once() {
    let rig = Rig::new();
    let once = |path: &Path, name: &str| {
        let builder = rig.builder(path, "").no_listen();
        builder.args(["export", "--once", name]).run()
    };
    let said = once(&rig.file(), "jsonl").expect(0);
    assert!(said.stdout.starts_with("jsonl: delivered "), "{said:?}");
    assert_eq!(deliveries(&rig.lines()).len(), 1);
    let said = once(Path::new(FULL), "jsonl").expect(1);
    assert!(said.stderr.contains(FULL), "{said:?}");
    let said = once(&rig.file(), "no-such").expect(1);
    assert!(said.stderr.contains("there are: jsonl"), "{said:?}");
}
