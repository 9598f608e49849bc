//! Programs that print Prometheus text, run for each collection.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gaxx_tests::{check_metrics, require};
use serde_json::json;

use super::{Programs, row, wait_error, wait_successes, wait_value};

#[test]
fn what_a_program_prints_is_in_the_scrape() {
    let mut programs = Programs::new();
    programs.collector(
        "all",
        r#"cat <<'EOF'
# HELP jobs_total Jobs,\nof all \\ kinds.
# TYPE jobs_total counter
jobs_total{kind="a",of="x\"y\\z\n"} 3 1395066363000
jobs_total{kind="b"} 4
# TYPE temperature_celsius gauge
temperature_celsius{at="roof"} -3.5
temperature_celsius{at="none"} NaN
temperature_celsius{at="sun"} +Inf
temperature_celsius{at="space"} -Inf
# HELP size_bytes Sizes.
# TYPE size_bytes histogram
size_bytes_bucket{le="1"} 1
size_bytes_bucket{le="1000"} 2
size_bytes_bucket{le="+Inf"} 4
size_bytes_sum 9000.5
size_bytes_count 4
# TYPE wait_seconds summary
wait_seconds{quantile="0.5"} 0.1
wait_seconds_sum 2
wait_seconds_count 7
untyped 12
EOF"#,
    );
    let monitor = programs.start();
    wait_successes(&monitor, "exec@all", 1);
    let scrape = monitor.metrics();
    let family = |name: &str| &scrape.families[name];
    assert_eq!(family("jobs_total").kind, "counter");
    assert_eq!(family("jobs_total").help, "Jobs,\nof all \\ kinds.");
    assert_eq!(family("temperature_celsius").kind, "gauge");
    assert_eq!(family("temperature_celsius").help, "Given by /bin/sh.");
    assert_eq!(family("size_bytes").kind, "histogram");
    assert_eq!(family("wait_seconds_count").kind, "counter");
    let jobs = [("kind", "a"), ("of", "x\"y\\z\n")];
    assert_eq!(scrape.value("jobs_total", &jobs), Some(3.0));
    for (name, label, value) in [
        ("jobs_total", ("kind", "b"), 4.0),
        ("temperature_celsius", ("at", "roof"), -3.5),
        ("temperature_celsius", ("at", "sun"), f64::INFINITY),
        ("temperature_celsius", ("at", "space"), f64::NEG_INFINITY),
        ("size_bytes_bucket", ("le", "1"), 1.0),
        ("size_bytes_bucket", ("le", "1000"), 2.0),
        ("size_bytes_bucket", ("le", "+Inf"), 4.0),
        ("wait_seconds", ("quantile", "0.5"), 0.1),
    ] {
        assert_eq!(scrape.value(name, &[label]), Some(value), "{name}");
    }
    for (name, value) in [
        ("size_bytes_sum", 9000.5),
        ("size_bytes_count", 4.0),
        ("wait_seconds_sum", 2.0),
        ("wait_seconds_count", 7.0),
        ("untyped", 12.0),
    ] {
        assert_eq!(scrape.value(name, &[]), Some(value), "{name}");
    }
    let nan = scrape.value("temperature_celsius", &[("at", "none")]);
    assert!(nan.is_some_and(f64::is_nan), "{nan:?}");
    // No line has a timestamp.
    let text = monitor.get("/metrics").expect(200);
    assert!(!text.text().contains("1395066363000"));
    if let Some(promtool) = require("promtool") {
        let check = check_metrics(&promtool, text.text());
        assert!(check.errors.is_empty(), "{check:?}");
    }
}

/// One instance each, all at once: what is wrong with one is told there, and the others deliver.
#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let mut programs = Programs::new();
    programs.collector("well", "echo well 1");
    programs.collector("silent", "");
    programs.collector("comment", "echo '# nothing to say'");
    let wrong = [
        (
            "garbage",
            "echo a 1; echo; echo 'no such; thing'",
            "line 3: ",
        ),
        (
            "value",
            "echo a 1; echo b one",
            "line 2: the value is no number",
        ),
        (
            "twice",
            "echo '# TYPE a gauge'; echo a 1; echo '# TYPE a gauge'",
            "line 3: ",
        ),
        (
            "series",
            "echo 'a{b=\"c\"} 1'; echo 'a{b=\"c\"} 1'",
            "line 2: a sample stands twice",
        ),
        (
            "half",
            "printf 'a 1\\nb 2'",
            "line 2: it ends in the middle of a line",
        ),
        ("binary", "head -c 5000 /dev/urandom", "line 1: "),
        ("zeros", "head -c 5000 /dev/zero; echo", "line 1: "),
        (
            "status",
            "echo a 1; echo why >&2; exit 7",
            "ended with status 7, saying: why",
        ),
        (
            "killed",
            "echo a 1; kill -SEGV $$",
            "was ended by signal 11 (SIGSEGV)",
        ),
    ];
    for (instance, lines, _) in wrong {
        programs.collector(instance, lines);
    }
    let plain = programs.file("plain");
    fs::write(&plain, "echo a 1\n").unwrap();
    let unreadable = programs.file("unreadable");
    fs::write(&unreadable, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&unreadable, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o755)).unwrap();
    let missing = programs.file("missing");
    let unrunnable = [
        ("missing", &missing, "install it"),
        ("not-executable", &unreadable, "chmod a+rx"),
        (
            "folder",
            &programs.folder.path().to_path_buf(),
            "chmod a+rx",
        ),
        // A shell would run it, and there is no shell.
        ("no-program", &plain, "#!/bin/sh"),
    ];
    let unrunnable = unrunnable.map(|(instance, path, remedy)| (instance, path.clone(), remedy));
    for (instance, path, _) in &unrunnable {
        programs.add(instance, json!({ "exec": { "command": [path] } }));
    }
    let monitor = programs.start();
    for (instance, _, part) in wrong {
        let row = wait_error(&monitor, &format!("exec@{instance}"), part);
        assert_eq!(row["state"], "degraded", "{row}");
        assert!(row["error"].as_str().unwrap().contains("/bin/sh"), "{row}");
    }
    for (instance, path, remedy) in unrunnable {
        let row = wait_error(&monitor, &format!("exec@{instance}"), "cannot run ");
        assert!(
            row["error"]
                .as_str()
                .unwrap()
                .contains(path.to_str().unwrap()),
            "{row}"
        );
        assert!(row["remedy"].as_str().unwrap().contains(remedy), "{row}");
    }
    for instance in ["well", "silent", "comment"] {
        wait_successes(&monitor, &format!("exec@{instance}"), 2);
        assert_eq!(
            row(&monitor, &format!("exec@{instance}"))["state"],
            "running"
        );
    }
    assert_eq!(monitor.metrics().value("well", &[]), Some(1.0));
    assert_eq!(monitor.metrics().value("a", &[]), None);
}

#[test]
fn arguments_reach_the_program_as_they_are_and_its_surroundings_are_clean() {
    let mut programs = Programs::new();
    let lines = "printf 'arguments{all=\"'; printf '[%s]' \"$@\"; printf '\"} 1\\n'
n=0; for file in /proc/$$/fd/*; do [ ! -e \"$file\" ] || n=$((n + 1)); done; echo open_files $n
printf 'environment{all=\"'; /usr/bin/env | grep -v '^_=\\|^PWD=' | sort | tr '\\n' ' '; printf '\"} 1\\n'
printf 'folder{path=\"%s\"} 1\\n' \"$(pwd)\"";
    programs.add(
        "plain",
        json!({ "exec": {
            "command": ["/bin/sh", "-c", lines, "sh", "a b", "$(id)", "", "*", "; ls", "`id`"],
            "env": { "OWN": "x y" },
            "working_folder": "/usr",
        } }),
    );
    let monitor = programs.builder().env("NOT_FOR_PROGRAMS", "1").start();
    wait_successes(&monitor, "exec@plain", 1);
    let scrape = monitor.metrics();
    let all = [("all", "[a b][$(id)][][*][; ls][`id`]")];
    assert_eq!(scrape.value("arguments", &all), Some(1.0));
    let all = [("all", "OWN=x y PATH=/usr/bin:/bin ")];
    assert_eq!(
        scrape.value("environment", &all),
        Some(1.0),
        "{:?}",
        scrape.samples("environment")
    );
    assert_eq!(scrape.value("folder", &[("path", "/usr")]), Some(1.0));
    // Listening sockets, the log, libraries and the like stay here.
    assert_eq!(scrape.value("open_files", &[]), Some(3.0));
    let shown = monitor.get("/api/plugins").expect(200);
    assert!(!shown.text().contains("x y"), "{}", shown.text());
}

/// A change of the type is an error that names the metric, and the values of before stay.
#[test]
fn a_metric_that_changes_its_type_is_an_error_until_it_changes_back() {
    let mut programs = Programs::new();
    let lines = "if [ -e new ]; then type=counter help=New; else type=gauge help=Old; fi
echo \"# HELP jobs $help.\"; echo \"# TYPE jobs $type\"; echo jobs 5; echo others 6";
    programs.collector("jobs", lines);
    let monitor = programs.start();
    wait_value(&monitor, "jobs", &[], 5.0);
    fs::write(programs.file("new"), "").unwrap();
    let message = "the metric jobs was a gauge and is a counter now";
    let row = wait_error(&monitor, "exec@jobs", message);
    assert!(
        row["remedy"].as_str().unwrap().contains("restart gaxx-mon"),
        "{row}"
    );
    let scrape = monitor.metrics();
    assert_eq!(scrape.families["jobs"].kind, "gauge");
    assert_eq!(scrape.value("others", &[]), Some(6.0));
    fs::remove_file(programs.file("new")).unwrap();
    let failures = super::row(&monitor, "exec@jobs")["failures"]
        .as_u64()
        .unwrap();
    wait_successes(&monitor, "exec@jobs", failures);
    gaxx_tests::wait_until("it is well again", || {
        super::row(&monitor, "exec@jobs")["state"] == "running"
    });
}

/// The help text is that of the first time; what is new or gone is new or gone.
#[test]
fn series_come_and_go_and_what_is_too_much_is_counted() {
    let mut programs = Programs::new();
    let lines =
        "if [ -e new ]; then echo '# HELP a Other.'; echo 'a{x=\"2\"} 2'; echo 'b 1'; exit; fi
echo '# HELP a First.'; echo 'a{x=\"1\"} 1'";
    programs.collector("changing", lines);
    let many = programs.command("seq -f 'many{n=\"%g\"} 1' 1 50");
    programs.add(
        "many",
        json!({ "exec": { "command": many, "max_series": 20 } }),
    );
    let monitor = programs.start();
    wait_value(&monitor, "a", &[("x", "1")], 1.0);
    fs::write(programs.file("new"), "").unwrap();
    wait_value(&monitor, "a", &[("x", "2")], 2.0);
    let scrape = monitor.metrics();
    assert_eq!(scrape.value("a", &[("x", "1")]), None);
    assert_eq!(scrape.value("b", &[]), Some(1.0));
    assert_eq!(scrape.families["a"].help, "First.");
    wait_value(
        &monitor,
        "exec_series_left_out",
        &[("source", "many")],
        30.0,
    );
    assert_eq!(monitor.metrics().samples("many").len(), 20);
    assert!(
        monitor.log_contains("max_series is used up"),
        "{:?}",
        monitor.log()
    );
}
