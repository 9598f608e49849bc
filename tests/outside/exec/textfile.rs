//! Folders of files with metrics, beside a real `node_exporter` that reads the same ones.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use gaxx_tests::{Exposition, Monitor, NodeExporter, require};
use serde_json::json;

use super::{Programs, wait_successes, wait_value};

/// Everything that both of them show of the folders' files, by name and labels.
fn shown(scrape: &Exposition) -> BTreeMap<String, f64> {
    let ours = ["jobs", "runs_total", "size_bytes", "good", "node_textfile"];
    let samples = scrape.families.values().flat_map(|family| &family.samples);
    samples
        .filter(|sample| ours.iter().any(|name| sample.name.starts_with(name)))
        .map(|sample| {
            // A label without a value is none.
            let labels = sample.labels.iter().filter(|(_, value)| !value.is_empty());
            let labels: Vec<_> = labels.collect();
            (format!("{}{labels:?}", sample.name), sample.value)
        })
        .collect()
}

#[test]
fn a_folder_is_read_as_node_exporter_reads_it() {
    let Some(tool) = require("prometheus-node-exporter") else {
        return;
    };
    let programs = Programs::new();
    let folder = programs.file("metrics");
    fs::create_dir(&folder).unwrap();
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let file = File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(at).unwrap();
    };
    write(
        "a.prom",
        "# HELP jobs Jobs.\n# TYPE jobs gauge\njobs{of=\"a\"} 1\njobs{of=\"b\",at=\"x\"} 2\n",
    );
    write("b.prom", "# TYPE runs_total counter\nruns_total 5\n");
    write(
        "c.prom",
        "# TYPE size_bytes histogram\nsize_bytes_bucket{le=\"10\"} 1\nsize_bytes_bucket{le=\"+Inf\"} 2\nsize_bytes_sum 30\nsize_bytes_count 2\n",
    );
    write("d.txt", "good_not_this 1\n");
    write("e.prom.tmp", "good_nor_this 1\n");
    // Without instances, as there are none in node_exporter.
    let config = json!({
        "plugins": { "exec": { "interval": "200ms", "textfile": { "folders": [folder] } } },
    });
    let monitor = Monitor::builder().config(&config.to_string()).start();
    let both = || {
        let argument = format!("--collector.textfile.directory={}", folder.display());
        let theirs = NodeExporter::start_with(&tool, &[argument]).metrics();
        (monitor.metrics(), theirs)
    };
    wait_successes(&monitor, "textfile", 1);
    let (ours, theirs) = both();
    assert_eq!(shown(&ours), shown(&theirs));
    assert_eq!(ours.value("node_textfile_scrape_error", &[]), Some(0.0));
    for name in [
        "jobs",
        "runs_total",
        "size_bytes",
        "node_textfile_mtime_seconds",
        "node_textfile_scrape_error",
    ] {
        assert_eq!(
            ours.families[name].kind, theirs.families[name].kind,
            "{name}"
        );
    }
    assert_eq!(ours.families["jobs"].help, theirs.families["jobs"].help);

    // Bad files are passed over by both, and the others are read.
    write("old.prom", "good_old 1 1395066363000\n");
    write("cut.prom", "good_cut 1");
    write("odd.prom", "good_odd one\n");
    wait_value(&monitor, "node_textfile_scrape_error", &[], 1.0);
    let (ours, theirs) = both();
    assert_eq!(shown(&ours), shown(&theirs));
    assert_eq!(ours.value("jobs", &[("of", "a")]), Some(1.0));
    let refused = [("source", "")];
    assert_eq!(
        ours.value("exec_textfile_files_refused", &refused),
        Some(3.0)
    );
    for (name, part) in [
        ("old.prom", "line 1: a sample has a timestamp"),
        ("cut.prom", "line 1: it ends in the middle of a line"),
        ("odd.prom", "line 1: the value is no number"),
    ] {
        let told = monitor.log().into_iter().filter(|line| line.contains(name));
        let told: Vec<String> = told.collect();
        assert!(told.len() == 1 && told[0].contains(part), "{told:#?}");
    }
    for name in ["old.prom", "cut.prom", "odd.prom"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    wait_value(&monitor, "node_textfile_scrape_error", &[], 0.0);

    // Without its folder there is an error, and nothing else.
    fs::remove_dir_all(&folder).unwrap();
    wait_value(&monitor, "node_textfile_scrape_error", &[], 1.0);
    let (ours, theirs) = both();
    assert_eq!(shown(&ours), shown(&theirs));
}

/// Several folders of one instance, and several instances: each file is shown once.
#[test]
fn several_folders_and_instances_stand_side_by_side() {
    let mut programs = Programs::new();
    let folders = ["one", "two", "three"].map(|name| programs.file(name));
    for (number, folder) in folders.iter().enumerate() {
        fs::create_dir(folder).unwrap();
        let text = format!("# TYPE jobs gauge\njobs{{of=\"{number}\"}} {number}\nshared 1\n");
        fs::write(folder.join("jobs.prom"), text).unwrap();
    }
    let [one, two, three] = &folders;
    programs.add("both", json!({ "textfile": { "folders": [one, two] } }));
    programs.add("third", json!({ "textfile": { "folders": [three] } }));
    let monitor = programs.start();
    for instance in ["both", "third"] {
        wait_successes(&monitor, &format!("textfile@{instance}"), 2);
    }
    let scrape = monitor.metrics();
    for (number, folder) in folders.iter().enumerate() {
        let of = number.to_string();
        assert_eq!(scrape.value("jobs", &[("of", &of)]), Some(number as f64));
        let file = folder.join("jobs.prom");
        let mtime = scrape.value(
            "node_textfile_mtime_seconds",
            &[("file", file.to_str().unwrap())],
        );
        assert!(mtime.is_some_and(|mtime| mtime > 1.7e9), "{mtime:?}");
    }
    // The second file of the same series is left out, and counted where it was read.
    assert_eq!(scrape.samples("shared").len(), 1);
    let left_out =
        |instance| scrape.value("exec_textfile_series_left_out", &[("source", instance)]);
    assert_eq!(left_out("both").unwrap() + left_out("third").unwrap(), 2.0);
    assert_eq!(scrape.samples("node_textfile_scrape_error").len(), 2);
    fs::write(three.join("bad.prom"), "a one\n").unwrap();
    let name = "node_textfile_scrape_error";
    wait_value(&monitor, name, &[("source", "third")], 1.0);
    assert_eq!(
        monitor.metrics().value(name, &[("source", "both")]),
        Some(0.0)
    );
    assert_eq!(scrape.samples("exec_textfile_files_refused").len(), 2);
}
