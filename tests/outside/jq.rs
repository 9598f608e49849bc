//! The seed's `jq` lines, as typed there, through the real jq.

use std::io::Write;
use std::process::Stdio;

use gaxx_tests::{Monitor, Tool, require};

#[test]
fn the_seeds_lines_work() {
    let Some(jq) = require("jq") else { return };
    let monitor = Monitor::builder().start();
    let metrics = monitor.get("/api/metrics").expect(200).body;

    assert!(run(&jq, ".", &metrics).starts_with('['));
    let rate = r#".[] | select(.name == "gaxx_task_success_rate_percent")"#;
    assert!(run(&jq, rate, &metrics).contains("\"value\": 100"));
    let goroutines = r#".[] | select(.name == "gaxx_goroutines_total")"#;
    assert!(run(&jq, goroutines, &metrics).contains("\"type\": \"gauge\""));
    let tasks = run(&jq, r#".[] | select(.name | contains("task"))"#, &metrics);
    for name in [
        "gaxx_tasks_started",
        "gaxx_task_duration",
        "gaxx_task_success_rate_percent",
    ] {
        assert!(tasks.contains(&format!("\"{name}\"")), "{name} in {tasks}");
    }
    // These select agent metrics; here they must find nothing and not fail.
    run(&jq, r#".[] | select(.name | contains("exec"))"#, &metrics);
    run(
        &jq,
        r#".[] | select(.name | contains("request_duration"))"#,
        &metrics,
    );
}

#[track_caller]
fn run(jq: &Tool, filter: &str, input: &[u8]) -> String {
    let mut child = jq
        .command()
        .arg(filter)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "jq {filter}: {output:?}");
    let _ = writer.join();
    String::from_utf8(output.stdout).unwrap()
}
