//! Files, up and down, with curl as the client.

mod curl;
mod hostile;
mod interrupted;
mod places;
mod raw;
mod space;

use std::{fs, path::PathBuf};

use gaxx_tests::{Agent, AgentBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;

/// A folder that is the root `data` of an agent.
struct Data(TempDir);

impl Data {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A configuration in which files may be moved there; `more` are settings of the root.
    fn config(&self, more: &str) -> String {
        let path = self.0.path().display();
        format!(
            "plugins:\n  file-transfer:\n    min_free: 1MiB\n    roots:\n      data: {{path: {path}, write: true, delete: true{more}}}\n"
        )
    }

    fn agent(&self) -> AgentBuilder {
        Agent::builder().config(&self.config(""))
    }
}

/// Uploads a whole file.
#[track_caller]
fn put(agent: &Agent, path: &str, body: &[u8]) -> Response {
    let request = agent.call("PUT", &format!("/v0/files/{path}"));
    request.try_send_body(body.to_vec()).unwrap()
}

#[track_caller]
fn get(agent: &Agent, path: &str) -> Response {
    agent.call("GET", &format!("/v0/files/{path}")).send()
}

/// How far an upload is, where there is one.
fn offset(agent: &Agent, path: &str, id: &str) -> Option<u64> {
    let request = agent.call("HEAD", &format!("/v0/files/{path}"));
    let response = request.header("X-Upload-Id", id).send();
    response.header("Upload-Offset").parse().ok()
}

/// What the audit log has, in order.
fn audited(agent: &Agent) -> Vec<Value> {
    let mut files: Vec<_> = fs::read_dir(agent.state().join("audit"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    files.sort();
    let text: String = files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn nothing_is_moved_before_the_configuration_says_so() {
    let agent = Agent::builder().start();
    let roots = get(&agent, "").expect(200).json();
    assert_eq!(roots["roots"].as_array().unwrap().len(), 0);
    let refused = get(&agent, "data/a").expect(404).json();
    assert!(
        refused["remedy"]
            .as_str()
            .unwrap()
            .contains("plugins.file-transfer.roots")
    );
    let nobody = agent.call_as_nobody("GET", "/v0/files/data/a").send();
    assert_eq!(nobody.status, 401);
    let metrics = agent.metrics();
    for name in [
        "gaxx_file_transfer_duration_count",
        "gaxx_file_transfer_throughput_mbps_count",
    ] {
        assert_eq!(metrics.value(name, &[]), Some(0.0), "{name}");
    }
}

#[test]
fn every_change_stands_in_the_audit_log_before_it_is_answered() {
    let data = Data::new();
    let agent = data.agent().start();
    assert_eq!(put(&agent, "data/a", b"content").status, 201);
    let request = agent.call("DELETE", "/v0/files/data/a");
    assert_eq!(request.send().status, 200);
    let events: Vec<_> = audited(&agent)
        .iter()
        .filter_map(|record| record["event"].as_str().map(str::to_owned))
        .filter(|event| event.starts_with("file."))
        .collect();
    let expected = [
        "file.put.start",
        "file.put.end",
        "file.delete.start",
        "file.delete.end",
    ];
    assert_eq!(events, expected);
}
