//! What belongs to the process: its allocator, its tasks, its threads, its memory.

mod build;
pub mod code;
pub mod heap;
pub mod maps;
pub mod own;
mod stat;
mod statistics;
pub mod threads;

use gaxx_abi::{Fault, abi_std::RVec, fault, host::process as ask};
use serde::Serialize;
use serde_json::json;

use crate::task::{self, Task};

pub use self::{build::Build, statistics::Statistics};

/// The most tasks that are told of, which is some megabytes of text.
const MOST_TASKS: usize = 10_000;

/// Answers what a plugin asks of the process; see [`gaxx_abi::host::process`]. What needs more than
/// the process is for others to answer: they get [`Statistics`] here.
pub fn answer(what: u32) -> Result<Vec<u8>, Fault> {
    match what {
        ask::PURGE => {
            let purge = heap::purge().map_err(|error| {
                refused(
                    &format!("the allocator gives nothing back: {error}"),
                    "report this",
                )
            });
            Ok(json(&purge?))
        }
        ask::TASKS => Ok(json(&Tasks::of(task::list()))),
        ask::THREADS => Ok(json(&json!({ "threads": threads::list() }))),
        ask::BUILD => Ok(json(&Build::own())),
        _ => Err(refused(
            &format!("this version of gaxx-mon does not know request {what}"),
            "update gaxx-mon",
        )),
    }
}

/// As the answers are written.
pub fn json(answer: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).expect("texts and numbers by name can be written")
}

/// The live tasks, the oldest first.
#[derive(Debug, Serialize)]
struct Tasks {
    tasks: Vec<Task>,
    /// How many there are beside them.
    #[serde(skip_serializing_if = "is_none")]
    omitted: usize,
}

impl Tasks {
    fn of(mut tasks: Vec<Task>) -> Self {
        let omitted = tasks.len().saturating_sub(MOST_TASKS);
        tasks.truncate(MOST_TASKS);
        Self { tasks, omitted }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde passes it.
fn is_none(count: &usize) -> bool {
    *count == 0
}

fn refused(message: &str, remedy: &str) -> Fault {
    Fault {
        kind: fault::kind::REFUSED,
        message: message.into(),
        remedy: remedy.into(),
        retry_after: 0,
        attributes: RVec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::future::pending;

    use serde_json::Value;

    use super::*;

    fn told(what: u32) -> Value {
        serde_json::from_slice(&answer(what).unwrap()).unwrap()
    }

    fn names(of: &Value) -> Vec<&str> {
        of.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn answers_have_the_names_that_are_documented() {
        let purge = told(ask::PURGE);
        let of_purge = ["released_bytes", "duration_seconds", "resident_bytes"];
        assert_eq!(names(&purge), of_purge);
        let threads = told(ask::THREADS);
        assert_eq!(names(&threads), ["threads"]);
        let of_thread = [
            "id",
            "name",
            "state",
            "cpu_seconds",
            "user_seconds",
            "system_seconds",
        ];
        assert_eq!(names(&threads["threads"][0]), of_thread);
        let of_build = [
            "version",
            "commit",
            "profile",
            "target",
            "rustc",
            "features",
            "abi",
            "arguments",
            "executable",
            "allocator",
            "debug_info",
        ];
        assert_eq!(names(&told(ask::BUILD)), of_build);
        let unknown = answer(1000).unwrap_err();
        assert!(unknown.message.contains("1000"), "{unknown:?}");
    }

    #[test]
    fn the_newest_of_too_many_tasks_are_left_out() {
        let record = |_| task::record("one of many", pending::<()>());
        let many: Vec<_> = (0..=MOST_TASKS).map(record).collect();
        let tasks = told(ask::TASKS);
        assert_eq!(tasks["tasks"].as_array().unwrap().len(), MOST_TASKS);
        assert!(tasks["omitted"].as_u64().unwrap() >= 1);
        drop(many);
        let few = Tasks::of(task::list().into_iter().take(1).collect());
        assert_eq!(names(&serde_json::to_value(few).unwrap()), ["tasks"]);
    }
}
