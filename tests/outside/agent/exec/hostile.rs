//! Requests that nobody should send: each is refused, with a reason, and none does harm.

use base64::{Engine, engine::general_purpose::STANDARD};
use gaxx_tests::{Agent, Process};
use serde_json::Value;

use super::calls::Calls;

/// What may run: one program, without arguments.
const RULES: &str = "plugins:\n  agent-exec:\n    allow: rules\n    rules: [{name: only, program: /usr/bin/true}]\n";

fn body(case: &Value) -> Vec<u8> {
    let text = |key: &str| case[key].as_str().unwrap_or_default();
    if let Some(base64) = case["base64"].as_str() {
        return STANDARD.decode(base64).expect("the corpus holds base64");
    }
    if let Some(count) = case["count"].as_u64() {
        let repeated = text("repeat").repeat(count.try_into().expect("a length"));
        return [text("before"), &repeated, text("after")]
            .concat()
            .into_bytes();
    }
    text("body").as_bytes().to_vec()
}

#[test]
fn every_hostile_request_is_refused_with_a_reason() {
    let agent = Agent::builder().config(RULES).start();
    let cases: Vec<Value> = include_str!("hostile.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("the corpus is JSON"))
        .collect();
    assert!(cases.len() >= 150);
    let mut wrong = Vec::new();
    for case in &cases {
        let mut call = agent.call("POST", "/v0/exec");
        for (header, key) in [("Content-Type", "type"), ("Idempotency-Key", "key")] {
            match case[key].as_str() {
                Some("") if key == "type" => {}
                Some(value) => call = call.header(header, value),
                None => {}
            }
        }
        let why = &case["why"];
        match call.try_send_body(body(case)) {
            Err(error) => wrong.push(format!("{why}: {error}")),
            Ok(answer) if Some(u64::from(answer.status)) != case["status"].as_u64() => {
                wrong.push(format!(
                    "{why}: {} {}",
                    answer.status,
                    String::from_utf8_lossy(&answer.body)
                ));
            }
            Ok(answer) => {
                let said = answer.json();
                let told = |key: &str| {
                    said[key]
                        .as_str()
                        .is_some_and(|text| !text.is_empty() && text.len() < 2000)
                };
                if !told("error") || !told("remedy") {
                    wrong.push(format!("{why}: {said}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    for name in ["gaxx_agent_exec_requests", "gaxx_agent_exec_errors"] {
        agent.wait_metric(name, &[], cases.len() as f64);
    }
    let started = agent.metrics().value("gaxx_tasks_started", &[]);
    assert_eq!(started, Some(0.0), "nothing ran");
    let report = agent.exec(&serde_json::json!({ "command": "true" }));
    assert_eq!(report["exit_code"], 0, "and what may run does");
    assert!(Process(agent.pid()).threads() < 100);
}
