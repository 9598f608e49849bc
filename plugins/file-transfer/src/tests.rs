//! The endpoint as a whole, through the border.
#![allow(clippy::unwrap_used)]

mod closed;
mod download;
mod folders;
mod limits;
mod paths;
mod plugin;
mod upload;

use std::{
    fs,
    path::{Path, PathBuf},
};

use gaxx_sdk::{
    json,
    serde_json::{self, Value},
    testing::{Answer, Conditions, EndpointTest},
};
use tempfile::TempDir;

use crate::files::Files;

/// An endpoint with one root named `data`, and the folder that it is.
struct Rig {
    folder: TempDir,
    endpoint: EndpointTest,
}

impl Rig {
    /// A root that may be written, with these settings beside.
    fn with(root: &Value, all: &Value) -> Self {
        Self::under(Conditions::default(), root, all)
    }

    fn under(conditions: Conditions, root: &Value, all: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut data = json!({ "path": folder.path(), "write": true, "delete": true });
        merge(&mut data, root);
        let mut settings = json!({ "roots": { "data": data }, "min_free": "1MiB" });
        merge(&mut settings, all);
        let endpoint = conditions.endpoint::<Files>(settings).unwrap();
        Self { folder, endpoint }
    }

    fn new() -> Self {
        Self::with(&json!({}), &json!({}))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let route = match method {
            "PUT" => 2,
            "DELETE" => 3,
            _ => 1,
        };
        let target = format!("/v0/files/{path}");
        self.endpoint
            .send_with(method, route, &target, headers, body)
            .unwrap()
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    fn put(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let length = body.len().to_string();
        let mut all = vec![("content-length", length.as_str())];
        all.extend(headers);
        self.send("PUT", path, &all, body)
    }

    /// The value of a metric with this label, or none.
    fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.endpoint.samples().value(name, labels).unwrap_or(-1.0)
    }

    fn refused(&self, reason: &str) -> f64 {
        self.metric("gaxx_file_transfer_refused_total", &[("reason", reason)])
    }

    fn audited(&self) -> Vec<Value> {
        let records = self.endpoint.audited();
        records
            .iter()
            .map(|record| serde_json::from_str(record).unwrap())
            .collect()
    }

    /// What is in the hidden folder.
    fn partials(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path(".gaxx-partial")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn merge(into: &mut Value, more: &Value) {
    for (key, value) in more.as_object().unwrap() {
        into[key] = value.clone();
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let found = answer.headers.iter().find(|header| header.0 == name);
    found.map_or("", |header| &header.1)
}

#[track_caller]
fn json_of(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, reason: &str) {
    let told = json_of(answer, status);
    assert_eq!(told["reason"], reason, "{told}");
    assert!(
        !told["remedy"].as_str().unwrap().is_empty() && !told["error"].as_str().unwrap().is_empty()
    );
}

fn make_fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}
