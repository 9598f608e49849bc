//! `/debug/pprof/threadcreate`: the threads of the process.

use std::collections::BTreeMap;

use gaxx_sdk::{Process, serde::Deserialize};

use super::Visit;
use crate::{
    answer::{Answer, TEXT},
    profile::{Builder, Label, Place, Profile, encode},
    refusal::Refusal,
    text,
};

/// What a reader who knows Go's page should know of this one.
const REMARKS: [&str; 2] = [
    "These are the threads that the process has, by name: not where they were created.",
    "State as in ps: R runs, S sleeps, D waits for a device. cpu is user and system time.",
];

#[derive(Debug, Deserialize)]
#[serde(crate = "gaxx_sdk::serde")]
struct Threads {
    threads: Vec<Thread>,
}

#[derive(Debug, Deserialize)]
#[serde(crate = "gaxx_sdk::serde")]
struct Thread {
    id: u32,
    name: String,
    state: String,
    cpu_seconds: f64,
}

pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    let debug = visit.query.debug()?;
    let Threads { threads } = visit.told(Process::Threads)?;
    if debug > 0 {
        let lines = text::counts("threadcreate profile", &REMARKS, &grouped(&threads));
        return Ok(Answer::new(TEXT, lines));
    }
    let coded = encode(&each(&threads));
    let coded = coded.map_err(|error| Refusal::Unreadable(error.to_string()))?;
    Ok(Answer::profile("threadcreate", coded))
}

/// A sample for each thread.
fn each(threads: &[Thread]) -> Profile {
    let mut profile = Builder::new(&[("threadcreate", "count"), ("cpu", "nanoseconds")]);
    for thread in threads {
        // A number of seconds is far from the largest of nanoseconds.
        #[allow(clippy::cast_possible_truncation)]
        let cpu = (thread.cpu_seconds * 1e9) as i64;
        let labels = vec![
            ("thread".into(), Label::text(thread.shown_name())),
            ("state".into(), Label::text(&thread.state)),
            ("id".into(), Label::Number(thread.id.into(), "".into())),
        ];
        profile.add([place(thread.shown_name())], vec![1, cpu], labels);
    }
    profile.finish()
}

/// A sample for all threads of one name in one state.
fn grouped(threads: &[Thread]) -> Profile {
    let mut groups: BTreeMap<(&str, &str), (i64, f64)> = BTreeMap::new();
    for thread in threads {
        let group = (thread.shown_name(), thread.state.as_str());
        let (count, cpu) = groups.entry(group).or_default();
        *count += 1;
        *cpu += thread.cpu_seconds;
    }
    let mut profile = Builder::new(&[("threadcreate", "count")]);
    for ((name, state), (count, cpu)) in groups {
        let labels = vec![
            ("state".into(), Label::text(state)),
            ("cpu".into(), Label::text(&format!("{cpu:.2} s"))),
        ];
        profile.add([place(name)], vec![count], labels);
    }
    profile.finish()
}

impl Thread {
    fn shown_name(&self) -> &str {
        match self.name.as_str() {
            "" => "(no name)",
            name => name,
        }
    }
}

fn place(name: &str) -> Place {
    Place {
        name: name.into(),
        file: "".into(),
        line: 0,
    }
}
