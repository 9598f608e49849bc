//! What should not have been.

use crate::run::{Found, Phase};

/// More descriptors than before by so many are growth.
const DESCRIPTORS: usize = 8;
/// More threads than before by so many are growth.
const THREADS: usize = 64;
/// As much memory as before so many times, and so many megabytes more, is growth.
const MEMORY: (f64, f64) = (2.0, 64.0);
/// A scrape that takes so many milliseconds more than without faults is late: `scrape.timeout` as it
/// is by default, which is how long a scrape waits for collectors.
const LATE: f64 = 2_000.0;
/// How many failures are told in full.
const TOLD: usize = 5;

/// All harm that was done, a line each.
pub(crate) fn of(found: &Found) -> Vec<String> {
    let [calm, wild] = &found.phases;
    let mut harm = failures(calm, "without faults");
    harm.extend(failures(wild, "with faults"));
    harm.extend(run(found));
    harm.extend(growth(found));
    harm
}

/// Requests that failed, and scrapes that came late.
fn failures(phase: &Phase, when: &str) -> Vec<String> {
    let of = |what: &str, failures: &[String]| {
        let first: Vec<&str> = failures.iter().take(TOLD).map(String::as_str).collect();
        let text = format!(
            "{} {what} {when} failed: {}",
            failures.len(),
            first.join("; ")
        );
        (!failures.is_empty()).then_some(text)
    };
    let scrapes = of("scrapes", &phase.got.scrapes.failures);
    let probes = of("requests for health", &phase.got.probes.failures);
    scrapes.into_iter().chain(probes).collect()
}

/// What became of the program and the plugins.
fn run(found: &Found) -> impl Iterator<Item = String> {
    let done = &found.done;
    let ended_well = found.end.is_some_and(|status| status.success());
    let late = found
        .phases
        .each_ref()
        .map(|phase| phase.got.scrapes.latency.percentile(99));
    let is_late = late[1] > late[0] + LATE;
    let known = [
        (found.died, "the program died".to_owned()),
        (
            !ended_well,
            format!("told to end, the program did not end well: {:?}", found.end),
        ),
        (
            !done.left.is_empty(),
            format!("plugins with orders left, and how many: {:?}", done.left),
        ),
        (
            !done.wrong.is_empty(),
            format!("not as ordered: {}", done.wrong.join("; ")),
        ),
        (
            !found.unsettled.is_empty(),
            format!("not in order at the end: {}", found.unsettled.join("; ")),
        ),
        (
            is_late,
            format!(
                "scrapes took {:.0} ms (p99), without faults {:.0} ms",
                late[1], late[0]
            ),
        ),
    ];
    true_ones(known)
}

/// What is more than it was.
fn growth(found: &Found) -> impl Iterator<Item = String> {
    let (before, after) = (&found.before, &found.after);
    let more = |what: &str, before: usize, after: usize, allowed: usize| {
        let text = format!("{after} {what}, before {before}");
        (after > before + allowed, text)
    };
    let strays = found.strays;
    let much = after.memory > before.memory * MEMORY.0 + MEMORY.1;
    let known = [
        more("zombies", 0, after.zombies, 0),
        more("processes after its end", 0, strays, 0),
        more("children", before.children, after.children, 0),
        more(
            "descriptors",
            before.descriptors,
            after.descriptors,
            DESCRIPTORS,
        ),
        more("threads", before.threads, after.threads, THREADS),
        (
            much,
            format!(
                "{:.1} MB of memory, before {:.1} MB",
                after.memory, before.memory
            ),
        ),
    ];
    true_ones(known)
}

fn true_ones<const N: usize>(known: [(bool, String); N]) -> impl Iterator<Item = String> {
    known
        .into_iter()
        .filter_map(|(is, what)| is.then_some(what))
}
