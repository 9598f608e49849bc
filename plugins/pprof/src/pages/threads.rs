//! `/debug/pprof/threadcreate`: the threads of the process.

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
    let told: Threads = visit.told(Process::Threads)?;
    let profile = profile(&told.threads);
    if debug > 0 {
        return Ok(Answer::new(
            TEXT,
            text::counts("threadcreate profile", &REMARKS, &profile),
        ));
    }
    let coded = encode(&profile).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    Ok(Answer::profile("threadcreate", coded))
}

/// A sample for each thread.
fn profile(threads: &[Thread]) -> Profile {
    let mut profile = Builder::new(&[("threadcreate", "count"), ("cpu", "nanoseconds")]);
    for thread in threads {
        let name = match thread.name.as_str() {
            "" => "(no name)",
            name => name,
        };
        let place = Place {
            name: name.into(),
            file: "".into(),
            line: 0,
        };
        // A number of seconds is far from the largest of nanoseconds.
        #[allow(clippy::cast_possible_truncation)]
        let cpu = (thread.cpu_seconds * 1e9) as i64;
        let labels = vec![
            ("thread".into(), Label::Text(name.into())),
            ("state".into(), Label::Text(thread.state.as_str().into())),
            ("id".into(), Label::Number(thread.id.into(), "".into())),
        ];
        profile.add([place], vec![1, cpu], labels);
    }
    profile.finish()
}
