//! The plugin as a whole, before a host that tells it what a test wants.
#![allow(clippy::unwrap_used)]

mod leaving;
mod pages;
mod profiles;

use gaxx_sdk::{
    Process, json,
    serde_json::{self, Value},
    testing::{self, Answer, Conditions, EndpointTest},
};

use crate::{
    debug::Debug,
    profile::{Location, Mapping, Profile, Sample, ValueType, encode},
};

/// The number of the route that a path has, as the endpoint lists them.
fn route(method: &str, path: &str) -> usize {
    match (method, path) {
        ("POST", "/debug/gc") => 3,
        ("POST", _) => 5,
        (_, "/debug/pprof") => 0,
        (_, "/debug/stats") => 2,
        (_, "/debug/build") => 4,
        _ => 1,
    }
}

fn send(endpoint: &EndpointTest, method: &str, target: &str, body: &[u8]) -> Answer {
    let path = target.split('?').next().unwrap_or_default();
    let sent = endpoint.send(method, route(method, path), target, body);
    sent.unwrap()
}

fn get(endpoint: &EndpointTest, target: &str) -> Answer {
    send(endpoint, "GET", target, b"")
}

fn make(conditions: Conditions) -> EndpointTest {
    conditions.endpoint::<Debug>(json!({})).unwrap()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let found = answer.headers.iter().find(|(other, _)| other == name);
    found.map(|(_, value)| value.as_str())
}

#[track_caller]
fn json_of(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(header(answer, "content-type"), Some("application/json"));
    serde_json::from_slice(&answer.body).unwrap()
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, part: &str) {
    let told = json_of(answer, status);
    assert!(told["error"].as_str().unwrap().contains(part), "{told}");
    assert!(!told["remedy"].as_str().unwrap().is_empty(), "{told}");
}

/// How many requests to a page had this end.
fn counted(endpoint: &EndpointTest, page: &str, outcome: &str) -> Option<f64> {
    let labels = [("page", page), ("outcome", outcome)];
    endpoint
        .samples()
        .value("gaxx_pprof_requests_total", &labels)
}

/// A profile of one stack with this value of each of these types, in a library that is not there.
fn raw(types: &[(&str, &str)], value: i64) -> Vec<u8> {
    let types = types.iter().map(|(name, unit)| ValueType::new(name, unit));
    let types: Vec<_> = types.collect();
    let profile = Profile {
        samples: vec![Sample {
            locations: vec![0],
            values: vec![value; types.len()],
            labels: Vec::new(),
        }],
        default_type: types.len() - 1,
        types,
        locations: vec![Location {
            address: 0x1234,
            mapping: Some(0),
            lines: Vec::new(),
        }],
        mappings: vec![Mapping {
            start: 0x1000,
            end: 0x2000,
            file: "/no/such/libhot.so".into(),
            ..Mapping::default()
        }],
        ..Profile::default()
    };
    encode(&profile).unwrap()
}

/// A host that tells of its process as gaxx-mon does.
fn told() -> Conditions {
    let statistics = json!({
        "process_id": std::process::id(), "uptime_seconds": 5.0, "cpu_seconds": 1.5,
        "resident_bytes": 10 << 20, "virtual_bytes": 99 << 20, "open_fds": 20, "max_fds": 1024,
        "threads": 9, "cpu_cores": 2,
        "heap": {
            "allocated": 3 << 20, "active": 4 << 20, "metadata": 1 << 20, "resident": 6 << 20,
            "mapped": 7 << 20, "retained": 2 << 20, "objects": null, "allocated_total": null,
            "arenas": 4,
        },
        "purges": {
            "count": 7, "asked": 1, "last_seconds": 0.001, "total_seconds": 0.001,
            "released_bytes": 4096, "recent_seconds": [0.001],
        },
        "runtime": {
            "workers": 2, "alive_tasks": 3, "global_queue_depth": 0, "busy_seconds": [0.1, 0.2],
            "parks": [5, 6],
        },
        "plugins": [{ "plugin": "hot", "state": "running", "process_id": 77 }],
    });
    let build = json!({
        "version": "0.1.0", "commit": "abc", "profile": "release", "abi": "1.3",
        "target": "x86_64-unknown-linux-gnu", "rustc": "rustc 1.95.0", "features": ["builtins"],
        "arguments": ["gaxx-mon", "--plugins", "a b"], "executable": "/usr/bin/gaxx-mon",
        "allocator": "jemalloc 5.3.1",
    });
    let task = |id: u64, name: &str, state: &str, since: f64, parent: Option<u64>| {
        json!({
            "id": id, "name": name, "file": "core/src/a.rs", "line": 10 + id, "state": state,
            "age_seconds": 200.0, "since_seconds": since, "polls": 33, "busy_seconds": 0.004,
            "parent": parent,
        })
    };
    let tasks = json!({ "tasks": [
        task(1, "listener", "waiting", 0.5, None),
        task(2, "connection", "waiting", 182.0, Some(1)),
        task(3, "connection", "running", 61.0, Some(9)),
    ]});
    let thread = |id: u32, name: &str, state: &str| {
        json!({
            "id": id, "name": name, "state": state, "cpu_seconds": 0.25, "user_seconds": 0.2,
            "system_seconds": 0.05,
        })
    };
    let threads = json!({ "threads": [
        thread(7, "gaxx-mon", "S"), thread(8, "worker", "R"), thread(9, "worker", "S"),
    ]});
    let purged = json!({
        "released_bytes": 4096, "duration_seconds": 0.002, "resident_bytes": 1 << 20,
    });
    Conditions::default()
        .process(Process::Statistics, statistics.to_string())
        .process(Process::Build, build.to_string())
        .process(Process::Tasks, tasks.to_string())
        .process(Process::Threads, threads.to_string())
        .process(Process::Purge, purged.to_string())
}

#[test]
fn it_complies() {
    testing::comply("pprof").assert();
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, part) in [
        (json!({ "frequency": 0 }), "frequency is 0"),
        (json!({ "frequency": 251 }), "frequency is 251"),
        (json!({ "max_time": "6m" }), "max_time is 360 s"),
        (json!({ "max_time": "10ms" }), "max_time is 0.01 s"),
        (json!({ "requests": 0 }), "requests is 0"),
    ] {
        let error = testing::endpoint::<Debug>(settings).err().unwrap();
        assert!(error.message().contains(part), "{error}");
        assert!(!error.remedy_text().is_empty());
    }
}
