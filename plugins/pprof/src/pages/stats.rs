//! `/debug/stats`: what the process is like, under the names of Go's runtime where something is
//! truly the same, and under its own beside them.

mod memory;

use std::{collections::BTreeMap, time::SystemTime};

use gaxx_sdk::{
    Process, json,
    serde_json::{Map, Value},
};

use super::{Visit, host::go_names};
use crate::{answer::Answer, refusal::Refusal};

pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    let statistics = visit.process(Process::Statistics)?;
    // Each of these is a help, and no reason to tell nothing.
    let build = visit.process(Process::Build).unwrap_or(Value::Null);
    let tasks = visit.process(Process::Tasks).unwrap_or(Value::Null);
    Ok(Answer::json(&stats(&statistics, &build, &tasks)))
}

fn stats(statistics: &Value, build: &Value, tasks: &Value) -> Value {
    let mut stats = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            stats.insert(name.to_owned(), value);
        }
    };
    let of = |pointer: &str| statistics.pointer(pointer).cloned();
    put("memory", Some(memory::memory(statistics)));
    put("gc", Some(memory::gc(statistics)));
    put("goroutines", of("/runtime/alive_tasks"));
    put("cpu_cores", of("/cpu_cores"));
    let names = go_names(build);
    put("go_os", names.map(|(system, _)| json!(system)));
    put(
        "go_arch",
        names.map(|(_, architecture)| json!(architecture)),
    );
    put("rustc", build.get("rustc").cloned());
    let now = humantime::format_rfc3339_millis(SystemTime::now());
    put("timestamp", Some(json!(now.to_string())));
    put("process", Some(only(statistics, &PROCESS)));
    put("allocator", allocator(statistics, build));
    put("tasks", by_name(tasks));
    put("runtime", of("/runtime"));
    put("threads", of("/threads"));
    put(
        "file_descriptors",
        Some(json!({ "open": of("/open_fds"), "most": of("/max_fds") })),
    );
    put("plugins", of("/plugins"));
    Value::Object(stats)
}

const PROCESS: [&str; 5] = [
    "process_id",
    "uptime_seconds",
    "cpu_seconds",
    "resident_bytes",
    "virtual_bytes",
];

/// Some of the members of an object.
fn only(object: &Value, names: &[&str]) -> Value {
    let members = names.iter().filter_map(|name| {
        let value = object.get(name)?;
        Some(((*name).to_owned(), value.clone()))
    });
    Value::Object(members.collect())
}

/// The allocator's own figures, in bytes.
fn allocator(statistics: &Value, build: &Value) -> Option<Value> {
    let mut figures = statistics.get("heap")?.as_object()?.clone();
    if let Some(name) = build.get("allocator") {
        figures.insert("name".to_owned(), name.clone());
    }
    if let Some(purges) = statistics.get("purges") {
        figures.insert("purges".to_owned(), purges.clone());
    }
    Some(Value::Object(figures))
}

/// How many tasks of each name there are.
fn by_name(tasks: &Value) -> Option<Value> {
    let omitted = tasks.get("omitted").and_then(Value::as_u64);
    let tasks = tasks.get("tasks")?.as_array()?;
    let mut names: BTreeMap<&str, u64> = BTreeMap::new();
    let mut running = 0_u64;
    for task in tasks {
        let text = |key| task.get(key).and_then(Value::as_str).unwrap_or_default();
        *names.entry(text("name")).or_default() += 1;
        running += u64::from(text("state") == "running");
    }
    let alive = tasks.len() as u64 + omitted.unwrap_or(0);
    let mut told = json!({ "alive": alive, "running": running, "by_name": names });
    if let (Some(omitted), Some(told)) = (omitted, told.as_object_mut()) {
        // These are neither known to run nor by name.
        told.insert("omitted".to_owned(), json!(omitted));
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_out() {
        let stats = stats(&json!({}), &Value::Null, &Value::Null);
        let object = stats.as_object();
        let names = object.map(|it| it.keys().map(String::as_str).collect::<Vec<_>>());
        let expected = ["memory", "gc", "timestamp", "process", "file_descriptors"];
        assert_eq!(names.as_deref(), Some(expected.as_slice()));
        assert_eq!(stats.get("memory"), Some(&json!({})));
    }

    #[test]
    fn tasks_are_counted_by_name() {
        let task = |name: &str, state: &str| json!({ "name": name, "state": state });
        let tasks = [
            task("a", "running"),
            task("b", "waiting"),
            task("b", "waiting"),
        ];
        assert_eq!(
            by_name(&json!({ "tasks": tasks })),
            Some(json!({ "alive": 3, "running": 1, "by_name": { "a": 1, "b": 2 } }))
        );
        assert_eq!(
            by_name(&json!({ "tasks": [task("a", "waiting")], "omitted": 7 })),
            Some(json!({ "alive": 8, "running": 0, "by_name": { "a": 1 }, "omitted": 7 }))
        );
    }
}
