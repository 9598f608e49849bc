//! The plugin as a whole, in the SDK's kit: commands really run.
#![allow(clippy::unwrap_used)]

use gaxx_sdk::{
    json,
    serde_json::{self, Value},
    testing::{self, Answer, Conditions, EndpointTest, Facility},
};

use crate::{endpoint::Agent, warning::PolicyCheck};

const HEARTBEAT: usize = 0;
const EXEC: usize = 1;
const LIST: usize = 2;
const CANCEL: usize = 4;

fn agent(settings: Value) -> EndpointTest {
    testing::endpoint::<Agent>(settings).unwrap()
}

fn any() -> EndpointTest {
    agent(json!({ "allow": "any" }))
}

fn send(agent: &EndpointTest, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    agent
        .send_with("POST", EXEC, "/v0/exec", &all, body.to_string().as_bytes())
        .unwrap()
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{}", answer.text()))
}

fn run(agent: &EndpointTest, body: &Value) -> Value {
    let answer = send(agent, &[], body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    json_of(&answer)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer
        .headers
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
}

#[test]
fn it_complies() {
    // The names of the original program stay.
    let original = [
        "gaxx_agent_heartbeats",
        "gaxx_agent_exec_requests",
        "gaxx_agent_exec_successful",
        "gaxx_agent_exec_failed",
        "gaxx_agent_exec_errors",
        "gaxx_tasks_started",
        "gaxx_tasks_completed_successfully",
        "gaxx_tasks_completed_with_failures",
        "gaxx_task_success_rate_percent",
    ];
    let settings = json!({ "allow": "any" });
    testing::comply("agent-exec")
        .settings("exec", settings)
        .except(&original)
        .assert();
}

#[test]
fn a_heartbeat_says_how_the_node_is() {
    let agent = agent(json!({}));
    let beat =
        |agent: &EndpointTest| json_of(&agent.request(HEARTBEAT, "/v0/heartbeat", b"").unwrap());
    let (first, second) = (beat(&agent), beat(&agent));
    for key in ["time", "host", "version", "node_id", "boot_id"] {
        assert!(first[key].is_string(), "{key}: {first}");
    }
    for key in [
        "uptime_seconds",
        "memory_free_bytes",
        "memory_total_bytes",
        "disk_free_bytes",
        "disk_total_bytes",
        "running",
        "queued",
    ] {
        assert!(first[key].is_number(), "{key}: {first}");
    }
    assert_eq!(
        (first["sequence"].as_u64(), second["sequence"].as_u64()),
        (Some(1), Some(2))
    );
    assert_eq!(first["policy"], "nothing");
    assert_eq!(
        agent.samples().value("gaxx_agent_heartbeats", &[]),
        Some(2.0)
    );
}

#[test]
fn a_command_runs_and_is_told_of_everywhere() {
    let agent = any();
    let report = run(
        &agent,
        &json!({
            "command": "sh", "args": ["-c", "cat; echo oops >&2; exit 3"], "input": "text", "env": ["A=secret"],
        }),
    );
    assert_eq!(report["outcome"], "exited", "{report}");
    assert_eq!(
        (&report["exit_code"], &report["stdout"], &report["stderr"]),
        (&json!(3), &json!("text"), &json!("oops\n"))
    );
    let list = json_of(&agent.request(LIST, "/v0/exec", b"").unwrap());
    assert_eq!(list["recent"][0]["id"], report["id"]);
    let audited = agent.audited();
    let events: Vec<Value> = audited
        .iter()
        .map(|record| serde_json::from_str(record).unwrap())
        .collect();
    assert_eq!(
        (&events[0]["event"], &events[1]["event"]),
        (&json!("exec.start"), &json!("exec.end"))
    );
    assert_eq!(
        (&events[0]["id"], &events[1]["outcome"]),
        (&report["id"], &json!("exited"))
    );
    assert!(
        audited
            .iter()
            .all(|record| !record.contains("secret") && !record.contains("text")),
        "{audited:?}"
    );
    let samples = agent.samples();
    for (name, value) in [
        ("gaxx_agent_exec_requests", 1.0),
        ("gaxx_agent_exec_failed", 1.0),
        ("gaxx_agent_exec_successful", 0.0),
        ("gaxx_agent_exec_output_size_sum", 9.0),
        ("gaxx_tasks_started", 1.0),
        ("gaxx_task_success_rate_percent", 0.0),
    ] {
        assert_eq!(samples.value(name, &[]), Some(value), "{name}");
    }
    assert_eq!(
        samples.value("gaxx_agent_exec_outcomes_total", &[("outcome", "exited")]),
        Some(1.0)
    );
}

#[test]
fn all_metrics_are_there_from_the_start() {
    let samples = agent(json!({})).samples();
    assert_eq!(
        samples.value("gaxx_task_success_rate_percent", &[]),
        Some(100.0)
    );
    for name in [
        "gaxx_agent_exec_requests",
        "gaxx_agent_exec_errors",
        "gaxx_agent_exec_duration_count",
        "gaxx_agent_exec_running",
    ] {
        assert_eq!(samples.value(name, &[]), Some(0.0), "{name}");
    }
}

#[test]
fn each_end_has_its_outcome() {
    let agent = any();
    let shell = |script: &str| json!({ "command": "/bin/sh", "args": ["-c", script] });
    let killed = run(&agent, &shell("kill -TERM $$"));
    assert_eq!(
        (&killed["outcome"], &killed["signal"], &killed["exit_code"]),
        (&json!("signalled"), &json!(15), &Value::Null)
    );
    let mut endless = shell("echo begun; sleep 1000");
    endless["timeout_seconds"] = json!(0.3);
    let late = run(&agent, &endless);
    assert_eq!(
        (&late["outcome"], &late["stdout"]),
        (&json!("timed_out"), &json!("begun\n"))
    );
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken");
    std::fs::write(&broken, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&broken, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let failed = run(&agent, &json!({ "command": broken }));
    assert_eq!(failed["outcome"], "spawn_failed");
    assert!(
        failed["reason"].as_str().unwrap().contains("interpreter"),
        "{failed}"
    );
}

#[test]
fn output_that_is_no_text_survives_and_what_is_too_much_is_cut() {
    let agent = agent(json!({ "allow": "any", "max_output": 10 }));
    let report = run(
        &agent,
        &json!({ "command": "printf", "args": ["\\377\\000"] }),
    );
    assert_eq!(
        (&report["stdout_base64"], &report["stdout"]),
        (&json!("/wA="), &Value::Null)
    );
    let report = run(&agent, &json!({ "command": "seq", "args": ["100"] }));
    assert_eq!(
        (&report["stdout_truncated"], &report["stdout_bytes"]),
        (&json!(true), &json!(292))
    );
    assert_eq!(
        (&report["exit_code"], &report["stdout"]),
        (&json!(0), &json!("1\n2\n3\n4\n5\n"))
    );
    let strict = agent_that_ends();
    let report = run(&strict, &json!({ "command": "yes" }));
    assert_eq!(report["outcome"], "cancelled", "{report}");
}

fn agent_that_ends() -> EndpointTest {
    agent(json!({ "allow": "any", "max_output": 10, "end_at_max_output": true }))
}

#[test]
fn a_key_runs_once() {
    let agent = any();
    let body = json!({ "command": "sh", "args": ["-c", "echo $$; head -c 8 /dev/urandom | od"] });
    let key = [("idempotency-key", "k")];
    let first = json_of(&send(&agent, &key, &body));
    let mut second = json_of(&send(&agent, &key, &body));
    assert_eq!(
        (&first["replayed"], &second["replayed"]),
        (&json!(false), &json!(true))
    );
    second["replayed"] = json!(false);
    assert_eq!(first, second);
    let other = send(&agent, &key, &json!({ "command": "id" }));
    assert_eq!(other.status, 409, "{}", other.text());
    let streamed = send(
        &agent,
        &[("idempotency-key", "k"), ("accept", "application/x-ndjson")],
        &body,
    );
    assert!(
        streamed.text().contains("\"replayed\":true"),
        "{}",
        streamed.text()
    );
    assert_eq!(agent.samples().value("gaxx_tasks_started", &[]), Some(1.0));
}

#[test]
fn nothing_runs_that_cannot_be_recorded() {
    let deaf = Conditions::default().refusing(Facility::Audit);
    let agent = deaf.endpoint::<Agent>(json!({ "allow": "any" })).unwrap();
    let file = tempfile::tempdir().unwrap().path().join("made");
    let answer = send(
        &agent,
        &[("idempotency-key", "k")],
        &json!({ "command": "touch", "args": [file] }),
    );
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(!file.exists());
    assert_eq!(
        agent
            .samples()
            .value("gaxx_agent_exec_refused_total", &[("reason", "audit")]),
        Some(1.0)
    );
    let again = send(
        &agent,
        &[("idempotency-key", "k")],
        &json!({ "command": "id" }),
    );
    assert_eq!(
        again.status,
        503,
        "the key was given back: {}",
        again.text()
    );
}

#[test]
fn without_keepers_the_heartbeat_goes_on() {
    let alone = Conditions::default().refusing(Facility::Helpers);
    let agent = alone.endpoint::<Agent>(json!({ "allow": "any" })).unwrap();
    let answer = send(&agent, &[], &json!({ "command": "id" }));
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(
        agent
            .request(HEARTBEAT, "/v0/heartbeat", b"")
            .unwrap()
            .status,
        200
    );
}

#[test]
fn what_may_not_run_is_refused_with_the_lines_that_would_allow_it() {
    let agent = agent(
        json!({ "allow": "rules", "rules": [{ "name": "up", "program": "/usr/bin/uptime" }] }),
    );
    let answer = send(&agent, &[], &json!({ "command": "uptime", "args": ["-p"] }));
    let said = json_of(&answer);
    assert_eq!(
        (answer.status, &said["rule"], &said["reason"]),
        (403, &json!("up"), &json!("arguments"))
    );
    assert_eq!(said["outcome"], "refused");
    let refused: Value = serde_json::from_str(&agent.audited()[0]).unwrap();
    assert_eq!(refused["event"], "exec.refused");
}

#[test]
fn requests_that_are_not_understood_are_refused() {
    let agent = any();
    let send = |headers: &[(&str, &str)], body: &str| {
        agent
            .send_with("POST", EXEC, "/v0/exec", headers, body.as_bytes())
            .unwrap()
    };
    let json = ("content-type", "application/json");
    assert_eq!(send(&[], "{}").status, 415);
    assert_eq!(
        send(&[("content-type", "text/plain")], r#"{"command":"id"}"#).status,
        415
    );
    assert_eq!(send(&[json], "{}").status, 400);
    assert_eq!(
        send(&[json, ("idempotency-key", "a b")], r#"{"command":"id"}"#).status,
        400
    );
    let lines = ("content-type", "application/x-ndjson");
    assert_eq!(send(&[lines], "\n\n").status, 400);
    assert_eq!(
        send(&[lines], "{\"command\":\"id\",\"input\":\"x\"}\n").status,
        400
    );
    assert_eq!(agent.samples().value("gaxx_tasks_started", &[]), Some(0.0));
}

#[test]
fn input_is_streamed_in_and_output_out() {
    let agent = any();
    let body = "{\"command\":\"cat\",\"stream\":\"ndjson\"}\n{\"stdin\":\"one\\n\"}\n\n{\"stdin_base64\":\"dHdvCg==\"}";
    let headers = [("content-type", "application/x-ndjson")];
    let answer = agent
        .send_with("POST", EXEC, "/v0/exec", &headers, body.as_bytes())
        .unwrap();
    assert_eq!(
        header(&answer, "content-type"),
        Some("application/x-ndjson")
    );
    let text = answer.text();
    let frames: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(frames[0]["started"]["pid"].is_number(), "{text}");
    let printed: String = frames
        .iter()
        .filter_map(|frame| frame["stdout"].as_str())
        .collect();
    assert_eq!(printed, "one\ntwo\n");
    assert_eq!(frames.last().unwrap()["ended"]["exit_code"], 0, "{text}");
    let wrong = "{\"command\":\"cat\",\"stream\":\"ndjson\"}\n{\"stdin\":1}\n";
    let answer = agent
        .send_with("POST", EXEC, "/v0/exec", &headers, wrong.as_bytes())
        .unwrap()
        .text();
    assert!(
        answer.contains("\"cancelled\"") && answer.contains("line 2"),
        "{answer}"
    );
}

#[test]
fn large_input_is_passed_on_whole() {
    let report = run(
        &any(),
        &json!({ "command": "wc", "args": ["-c"], "input": "x".repeat(3_000_000) }),
    );
    assert_eq!(report["stdout"], "3000000\n");
    let report = run(
        &any(),
        &json!({ "command": "true", "input": "x".repeat(3_000_000) }),
    );
    assert_eq!(report["exit_code"], 0, "a command need not read");
}

#[test]
fn any_warns_on_every_surface() {
    let agent = any();
    let answer = send(&agent, &[], &json!({ "command": "true" }));
    assert!(header(&answer, "x-gaxx-warning").is_some());
    let beat = json_of(&agent.request(HEARTBEAT, "/v0/heartbeat", b"").unwrap());
    assert_eq!(beat["policy"], "any");
    assert!(beat["warning"].is_string());
    assert!(
        agent
            .log()
            .iter()
            .any(|line| line.level == "warn" && line.message.contains("`any`"))
    );
    let verdict = testing::check::<PolicyCheck>(json!({ "allow": "any" }))
        .unwrap()
        .check()
        .unwrap();
    assert_eq!(verdict.status, gaxx_sdk::Status::Degraded);
}

#[test]
fn what_is_not_there_cannot_be_cancelled() {
    let agent = any();
    assert_eq!(
        agent
            .send("DELETE", CANCEL, "/v0/exec/x", b"")
            .unwrap()
            .status,
        404
    );
    let report = run(&agent, &json!({ "command": "true" }));
    let path = format!("/v0/exec/{}", report["id"].as_str().unwrap());
    assert_eq!(
        agent.send("DELETE", CANCEL, &path, b"").unwrap().status,
        409
    );
    assert_eq!(agent.request(3, &path, b"").unwrap().status, 200);
}

/// The examples of the page that tells of this plugin are settings that it takes.
#[test]
fn the_examples_in_the_readme_are_right() {
    let page = include_str!("../README.md");
    let blocks = page.split("```yaml\n").skip(1);
    let examples: Vec<&str> = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let whole: Value = serde_yaml::from_str(example).unwrap();
        agent(whole["plugins"]["agent-exec"].clone());
    }
}
