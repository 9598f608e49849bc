//! The figures of the process at one moment.

use std::{process, thread};

use serde::Serialize;
use tokio::runtime::Handle;

use super::{heap, own};

/// The figures of the process at one moment; `null` for what the system or the allocator does not
/// tell.
#[derive(Debug, Clone, Serialize)]
pub struct Statistics {
    process_id: u32,
    uptime_seconds: Option<f64>,
    /// User and system together.
    cpu_seconds: Option<f64>,
    resident_bytes: Option<u64>,
    virtual_bytes: Option<u64>,
    open_fds: Option<u64>,
    /// `null` also where there is no limit.
    max_fds: Option<u64>,
    threads: Option<u64>,
    /// Those that the process may use.
    cpu_cores: Option<usize>,
    heap: Option<heap::Figures>,
    purges: Option<heap::Purges>,
    /// `null` where none runs.
    runtime: Option<Runtime>,
}

/// What the asynchronous runtime says of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Runtime {
    /// Threads that run tasks.
    workers: usize,
    /// Tasks that were spawned and have not ended.
    alive_tasks: usize,
    /// Tasks that are ready, and that no worker has taken yet.
    global_queue_depth: usize,
    /// For how long each worker has run tasks.
    busy_seconds: Vec<f64>,
    /// How often each worker had nothing to do.
    parks: Vec<u64>,
}

impl Statistics {
    /// Those of this moment, with those of this runtime.
    pub fn now(runtime: Option<&Handle>) -> Self {
        let usage = own::usage();
        Self {
            process_id: process::id(),
            uptime_seconds: own::age(),
            cpu_seconds: usage.map(|usage| usage.cpu_seconds),
            resident_bytes: usage.map(|usage| usage.resident_bytes),
            virtual_bytes: usage.map(|usage| usage.virtual_bytes),
            open_fds: usage.map(|usage| usage.open_fds),
            max_fds: usage.and_then(|usage| usage.max_fds),
            threads: usage.map(|usage| usage.threads),
            cpu_cores: thread::available_parallelism().ok().map(Into::into),
            heap: heap::figures(),
            purges: heap::purges(),
            runtime: runtime.map(Runtime::of),
        }
    }
}

impl Runtime {
    fn of(runtime: &Handle) -> Self {
        let metrics = runtime.metrics();
        let workers = metrics.num_workers();
        let busy = |worker| metrics.worker_total_busy_duration(worker).as_secs_f64();
        Self {
            workers,
            alive_tasks: metrics.num_alive_tasks(),
            global_queue_depth: metrics.global_queue_depth(),
            busy_seconds: (0..workers).map(busy).collect(),
            parks: (0..workers)
                .map(|worker| metrics.worker_park_count(worker))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    fn keys(value: &Value) -> Vec<&str> {
        value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_figure_has_its_name_and_is_there() {
        let statistics = Statistics::now(Some(&Handle::current()));
        let statistics = serde_json::to_value(statistics).unwrap();
        let names = [
            "process_id",
            "uptime_seconds",
            "cpu_seconds",
            "resident_bytes",
            "virtual_bytes",
            "open_fds",
            "max_fds",
            "threads",
            "cpu_cores",
            "heap",
            "purges",
            "runtime",
        ];
        assert_eq!(keys(&statistics), names);
        let numbers = names.iter().filter(|name| !["max_fds"].contains(name));
        for name in numbers {
            assert!(!statistics[name].is_null(), "{name}: {statistics}");
        }
        assert_eq!(statistics["process_id"], process::id());
        assert!(statistics["resident_bytes"].as_u64().unwrap() > 0);
        let heap = [
            "allocated",
            "active",
            "metadata",
            "resident",
            "mapped",
            "retained",
            "objects",
            "allocated_total",
            "arenas",
        ];
        assert_eq!(keys(&statistics["heap"]), heap);
        let purges = [
            "count",
            "asked",
            "last_seconds",
            "total_seconds",
            "released_bytes",
            "recent_seconds",
        ];
        assert_eq!(keys(&statistics["purges"]), purges);
        let runtime = &statistics["runtime"];
        let of_runtime = [
            "workers",
            "alive_tasks",
            "global_queue_depth",
            "busy_seconds",
            "parks",
        ];
        assert_eq!(keys(runtime), of_runtime);
        assert_eq!(
            (&runtime["workers"], &runtime["alive_tasks"]),
            (&json!(2), &json!(0))
        );
        assert_eq!(runtime["parks"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn without_a_runtime_there_are_the_others() {
        let statistics = serde_json::to_value(Statistics::now(None)).unwrap();
        assert_eq!(statistics["runtime"], Value::Null);
        assert!(statistics["threads"].as_u64().unwrap() >= 1);
    }
}
