//! What should not have been.

use crate::run::{Found, Phase};

/// More descriptors than before by so many for each child are growth: so many lines for requests may
/// wait for the next one.
const DESCRIPTORS: usize = 4;
/// More threads than before by so many are growth.
const THREADS: usize = 64;
/// As much memory as before so many times, and so many megabytes more, is growth.
const MEMORY: (f64, f64) = (3.0, 128.0);
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

/// Requests that failed, or took longer than Prometheus waits.
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
            DESCRIPTORS * before.children,
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

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap, os::unix::process::ExitStatusExt, process::ExitStatus,
        time::Duration,
    };

    use super::*;
    use crate::{
        callers::Probes, clients::Got, figures::Figures, latency::Latency, orders::Done,
        scraper::Scrapes,
    };

    fn phase(scrape: Duration) -> Phase {
        let latency = || Latency::of(vec![scrape]);
        let got = Got {
            scrapes: Scrapes {
                latency: latency(),
                failures: Vec::new(),
                steps_back: 0,
                tallies: BTreeMap::new(),
            },
            probes: Probes {
                latency: latency(),
                failures: Vec::new(),
            },
            answers: BTreeMap::new(),
        };
        let took = Duration::from_secs(1);
        Phase { took, got }
    }

    fn good() -> Found {
        let figures = Figures {
            memory: 30.0,
            descriptors: 500,
            threads: 40,
            children: 40,
            zombies: 0,
        };
        Found {
            ordered: BTreeMap::new(),
            done: Done::default(),
            phases: [5, 300].map(|scrape| phase(Duration::from_millis(scrape))),
            actions: BTreeMap::new(),
            unsettled: Vec::new(),
            before: figures,
            after: figures,
            end: Some(ExitStatus::from_raw(0)),
            died: false,
            strays: 0,
        }
    }

    /// The only harm of a run that was good but for one thing.
    #[track_caller]
    fn harm(spoil: impl FnOnce(&mut Found)) -> String {
        let mut found = good();
        spoil(&mut found);
        let harm = of(&found);
        assert_eq!(harm.len(), 1, "{harm:?}");
        harm[0].clone()
    }

    #[test]
    fn a_good_run_did_no_harm() {
        assert_eq!(of(&good()), Vec::<String>::new());
    }

    #[test]
    fn every_harm_is_told() {
        let failed = || vec!["status 500".to_owned()];
        let scrapes = harm(|found| found.phases[1].got.scrapes.failures = failed());
        assert_eq!(scrapes, "1 scrapes with faults failed: status 500");
        harm(|found| found.phases[0].got.probes.failures = failed());
        harm(|found| found.died = true);
        harm(|found| found.end = None);
        harm(|found| found.end = Some(ExitStatus::from_raw(1 << 8)));
        harm(|found| found.done.left = [("a".to_owned(), 1)].into());
        harm(|found| found.done.wrong = failed());
        harm(|found| found.unsettled = failed());
        harm(|found| found.strays = 1);
        harm(|found| found.after.zombies = 1);
        harm(|found| found.after.children += 1);
        harm(|found| found.after.descriptors += 200);
        harm(|found| found.after.threads += 100);
        harm(|found| found.after.memory += 1_000.0);
    }
}
