//! The plugin is linked in, or a library in the program, or a library in a process of its own: it
//! works alike.

use gaxx_tests::{Agent, PluginFolder, bare_binary, cdylib, wait_until};
use serde_json::json;

use super::{
    calls::{ANY, Calls, shell},
    trees,
};

fn works(agent: &Agent) {
    let report = agent.exec(
        &json!({ "command": "sh", "args": ["-c", "cat; echo e >&2; exit 3"], "input": "in" }),
    );
    assert_eq!(
        (&report["stdout"], &report["stderr"], &report["exit_code"]),
        (&json!("in"), &json!("e\n"), &json!(3)),
        "{report}"
    );
    let first = agent.exec_once("k", &json!({ "command": "date", "args": ["+%N"] }));
    let again = agent.exec_once("k", &json!({ "command": "date", "args": ["+%N"] }));
    assert_eq!(
        (&first["stdout"], &again["replayed"]),
        (&again["stdout"], &json!(true))
    );
    let mark = trees::mark();
    let mut late = shell(&format!("setsid sleep {mark} & sleep {mark}"));
    late["timeout_seconds"] = json!(0.3);
    late["stream"] = json!("ndjson");
    let text = agent.try_exec(&late, &[]).expect(200).text().to_owned();
    assert!(text.contains("\"timed_out\""), "{text}");
    assert!(trees::marked(&mark).is_empty());
    assert_eq!(
        agent.call_as_nobody("GET", "/v0/heartbeat").send().status,
        200
    );
}

#[test]
fn a_library_works_as_what_is_linked_in() {
    for isolation in ["in-process", "process"] {
        let folder = PluginFolder::new();
        folder.add(&cdylib("gaxx-agent-exec"));
        let config = format!("{ANY}    isolation: {isolation}\n");
        let agent = Agent::builder()
            .program(bare_binary())
            .plugins(folder.path())
            .config(&config)
            .start();
        wait_until("the library is there", || {
            agent.call_as_nobody("GET", "/v0/heartbeat").send().status == 200
        });
        works(&agent);
    }
}
