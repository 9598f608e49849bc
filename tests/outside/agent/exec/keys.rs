//! Keys: what has one runs once, whatever happens.

use std::fs;

use gaxx_tests::{Agent, wait_until};
use serde_json::{Value, json};

use super::{
    calls::{ANY, Calls, shell},
    trees,
};

#[test]
fn a_key_runs_once_across_a_restart() {
    let mut agent = Agent::builder().config(ANY).start();
    let file = agent.folder().join("runs");
    let request = shell(&format!("echo run >> {}; echo done", file.display()));
    let first = agent.exec_once("k", &request);
    assert_eq!(
        (&first["stdout"], &first["replayed"]),
        (&json!("done\n"), &json!(false)),
        "{first}"
    );
    agent.kill();
    let agent = agent.restart();
    let again = agent.exec_once("k", &request);
    assert_eq!(
        (&again["id"], &again["stdout"]),
        (&first["id"], &json!("done\n"))
    );
    assert_eq!(again["replayed"], true);
    assert_eq!(fs::read_to_string(&file).unwrap(), "run\n");
    assert_eq!(
        agent
            .try_exec(&shell("echo other"), &[("Idempotency-Key", "k")])
            .status,
        409
    );
}

#[test]
fn a_run_that_a_crash_has_cut_is_unknown_and_leaves_no_process() {
    let mut agent = Agent::builder().config(ANY).start();
    let file = agent.folder().join("runs");
    let mark = trees::mark();
    let request = shell(&format!(
        "echo run >> {}; setsid sleep {mark} & sleep {mark}",
        file.display()
    ));
    std::thread::scope(|scope| {
        let call = agent
            .call("POST", "/v0/exec")
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", "k");
        let body = request.to_string().into_bytes();
        let cut = scope.spawn(move || call.try_send_body(body));
        wait_until("it runs", || trees::marked(&mark).len() == 2);
        agent.kill();
        let cut = cut.join().unwrap();
        assert!(
            cut.is_err(),
            "nobody takes a cut answer for a whole one: {cut:?}"
        );
    });
    wait_until("nothing is left of it", || trees::marked(&mark).is_empty());
    let agent = agent.restart();
    for _ in 0..2 {
        let report = agent.exec_once("k", &request);
        assert_eq!(
            (&report["outcome"], &report["exit_code"]),
            (&json!("unknown"), &Value::Null),
            "{report}"
        );
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "run\n");
}

#[test]
fn requests_with_one_key_at_the_same_time_run_once() {
    let agent = Agent::builder().config(ANY).start();
    let file = agent.folder().join("runs");
    let request = shell(&format!(
        "echo run >> {}; sleep 0.5; echo $$",
        file.display()
    ));
    let reports: Vec<Value> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| agent.exec_once("k", &request)))
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(
        reports
            .iter()
            .all(|report| report["stdout"] == reports[0]["stdout"]),
        "{reports:?}"
    );
    assert_eq!(
        reports
            .iter()
            .filter(|report| report["replayed"] == false)
            .count(),
        1
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "run\n");
}
