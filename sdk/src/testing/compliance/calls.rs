//! Many calls of one component: its metrics, and what grows.

use super::{process::Holdings, specimen::Specimen};
use crate::{Result, testing::Conditions};

/// How often it is looked whether something grows.
const LOOKS: u32 = 4;
/// Memory that may grow: allocators keep some, and caches fill, in KiB.
const SOME_MEMORY: usize = 16 << 10;

/// What may grow.
const GROWING: [&str; 5] = [
    "series",
    "metrics",
    "open files",
    "threads",
    "KiB of memory",
];

pub(super) fn many(specimen: &Specimen) -> Vec<String> {
    let mut findings = Vec::new();
    if let Err(error) = call(specimen, &mut findings) {
        findings.push(format!(
            "it does not work with the settings of this test: {error}"
        ));
    }
    findings
}

fn call(specimen: &Specimen, findings: &mut Vec<String>) -> Result<()> {
    let mut subject = specimen.make(Conditions::default())?;
    // Before the first look what is made at need has been made.
    let between = specimen.cycles.div_ceil(LOOKS + 1).max(1);
    let mut looks = Vec::new();
    let mut names = Vec::new();
    for _ in 0..=LOOKS {
        for _ in 0..between {
            names = subject.call()?.findings();
        }
        let (host, holds) = (subject.host(), Holdings::now()?);
        looks.push([
            host.series_count(),
            host.family_count(),
            holds.descriptors,
            holds.threads,
            holds.memory,
        ]);
    }
    findings.extend(names);
    findings.extend(growth(&looks, between));
    findings.extend(subject.stop());
    Ok(())
}

/// What has grown from each look to the next.
fn growth(looks: &[[usize; 5]], between: u32) -> Vec<String> {
    let grown = |index: &usize| {
        let all = looks.iter().zip(looks.iter().skip(1));
        all.into_iter()
            .all(|(one, next)| one[*index] < next[*index])
    };
    let describe = |index: usize| {
        let (first, last) = (looks.first()?[index], looks.last()?[index]);
        let calls = looks.len().saturating_sub(1) * between as usize;
        let text = format!(
            "{first} {what} became {last} in {calls} calls, more and more",
            what = GROWING[index]
        );
        (index != 4 || last - first > SOME_MEMORY).then_some(text)
    };
    (0..GROWING.len())
        .filter(grown)
        .filter_map(describe)
        .collect()
}
