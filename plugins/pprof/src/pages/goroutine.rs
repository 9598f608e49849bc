//! `/debug/pprof/goroutine`: the live asynchronous tasks.

mod dump;
mod stacks;

use gaxx_sdk::{Process, serde::Deserialize};

use super::Visit;
use crate::{
    answer::{Answer, TEXT},
    profile::encode,
    refusal::Refusal,
    text,
};

/// What a reader who knows Go's page should know of this one.
const REMARKS: [&str; 2] = [
    "These are asynchronous tasks, which are to this program what goroutines are to one in Go.",
    "A stack is who spawned the task and where, not where it waits: the runtime does not tell that.",
];

#[derive(Debug, Deserialize)]
#[serde(crate = "gaxx_sdk::serde")]
struct Tasks {
    tasks: Vec<Task>,
    /// How many there are beside them.
    #[serde(default)]
    omitted: usize,
}

/// A live task.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "gaxx_sdk::serde")]
struct Task {
    id: u64,
    name: String,
    file: String,
    line: i64,
    state: String,
    age_seconds: f64,
    /// How long it has been in that state.
    since_seconds: f64,
    polls: u64,
    busy_seconds: f64,
    parent: Option<u64>,
}

pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    let debug = visit.query.debug()?;
    let Tasks { tasks, omitted } = visit.told(Process::Tasks)?;
    let left_out = format!("{omitted} tasks, the youngest, are left out.");
    let mut remarks = REMARKS.to_vec();
    if omitted > 0 {
        remarks.push(&left_out);
    }
    Ok(match debug {
        0 => {
            let mut profile = stacks::each(&tasks);
            if omitted > 0 {
                profile.comments.push(left_out.into());
            }
            let coded = encode(&profile);
            let coded = coded.map_err(|error| Refusal::Unreadable(error.to_string()))?;
            Answer::profile("goroutine", coded)
        }
        1 => {
            let grouped = stacks::grouped(&tasks);
            Answer::new(TEXT, text::counts("goroutine profile", &remarks, &grouped))
        }
        _ => Answer::new(TEXT, dump::dump(&remarks, &tasks)),
    })
}
