//! What the process, its runtime and its plugins have used.

use serde::Serialize;
use tokio::runtime::Handle;

use super::Monitor;
use crate::{
    plugin::Usage,
    process::{self, Statistics},
};

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    process: Statistics,
    plugins: Vec<Usage>,
}

impl Monitor {
    /// What the process, this runtime and the plugins have used, as JSON; see
    /// [`gaxx_abi::host::process::STATISTICS`].
    pub(super) fn statistics(&self, runtime: Option<&Handle>) -> Vec<u8> {
        let plugins = self.catalog.plugins();
        process::json(&Whole {
            process: Statistics::now(runtime),
            plugins: plugins
                .iter()
                .flat_map(|plugin| Usage::of(plugin))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{
        collections::BTreeSet,
        sync::Arc,
        time::{Duration, Instant},
    };

    use futures_util::StreamExt;
    use serde_json::{Value, json};
    use tokio::{runtime::Runtime, time::timeout};

    use crate::{
        config::Argument,
        instruments::Instruments,
        monitor::{Monitor, Source},
        role::Role,
        task::{self, Task},
    };

    use super::*;

    const BOUND: Duration = Duration::from_secs(20);

    /// The live tasks that descend from the one of this name.
    fn descendants(root: &str) -> Vec<Task> {
        let mut known = BTreeSet::new();
        // Older ones come first, so parents come before their children.
        let mut tasks = task::list();
        tasks.retain(|task| {
            let ours = task.parent.is_some_and(|parent| known.contains(&parent));
            if ours || task.name == root {
                known.insert(task.id);
            }
            ours
        });
        tasks
    }

    fn monitor(state: &std::path::Path) -> Arc<Monitor> {
        let source = Source {
            arguments: vec![Argument {
                flag: "--state".to_owned(),
                key: "state_folder".to_owned(),
                value: json!(state),
            }],
            ..Source::default()
        };
        let document = source.read().unwrap();
        let instruments = Instruments::new(Role::Main);
        Monitor::prepare(source, &document, instruments, BOUND)
            .unwrap()
            .0
    }

    fn told(monitor: &Monitor, runtime: &Handle) -> Value {
        serde_json::from_slice(&monitor.statistics(Some(runtime))).unwrap()
    }

    /// Whatever the monitor has the runtime do is in the list of tasks, and nothing else is.
    #[test]
    fn the_runtime_counts_the_tasks_that_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        runtime.block_on(task::record("agreement", async {
            let state = folder.path().to_owned();
            let monitor = task::spawn_blocking("start", move || monitor(&state));
            let monitor = monitor.await.unwrap();
            let schedule = task::spawn("schedule", Arc::clone(&monitor).run());
            let pages: Vec<_> = (0..3).map(|_| monitor.events().unwrap()).collect();
            let mut pages: Vec<_> = pages.into_iter().map(Box::pin).collect();
            for page in &mut pages {
                page.next().await.unwrap();
            }
            monitor.reload().await.unwrap();
            let handle = Handle::current();
            let agree = async {
                loop {
                    let listed = descendants("agreement").len();
                    let counted = told(&monitor, &handle)["runtime"]["alive_tasks"].clone();
                    // The reload may still be ending.
                    if listed >= 4 && counted == listed {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            };
            timeout(BOUND, agree).await.unwrap();
            let names: Vec<_> = descendants("agreement")
                .iter()
                .map(|one| one.name)
                .collect();
            assert_eq!(names.iter().filter(|name| **name == "events").count(), 3);
            assert!(names.contains(&"schedule"), "{names:?}");
            drop(pages);
            schedule.abort();
            monitor.stop(Instant::now() + BOUND).await;
        }));
    }

    #[test]
    fn plugins_stand_beside_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let monitor = monitor(folder.path());
        let statistics = told(&monitor, runtime.handle());
        assert!(statistics["heap"]["allocated"].as_u64().unwrap() > 0);
        let plugins = statistics["plugins"].as_array().unwrap();
        assert_eq!(plugins.is_empty(), cfg!(not(feature = "builtins")));
        for plugin in plugins {
            let names: Vec<_> = plugin.as_object().unwrap().keys().collect();
            let expected = [
                "plugin",
                "instance",
                "state",
                "process_id",
                "calls",
                "failures",
                "call_seconds",
                "resident_bytes",
                "cpu_seconds",
            ];
            assert_eq!(names, expected);
            // They are linked in.
            assert_eq!(plugin["process_id"], Value::Null);
        }
        runtime.block_on(monitor.stop(Instant::now() + BOUND));
    }
}
