//! Making and stopping.

use super::{process::Holdings, specimen::Specimen};
use crate::{
    Result,
    testing::{Conditions, compliance::specimen::Subject},
};

/// How often a component is made and stopped.
const LIVES: usize = 8;
/// What they leave behind is found from here on: less may be something that is just ending.
const LEFT: usize = LIVES / 2;

/// Turns an error into a finding.
fn told(what: &str, found: Result<Vec<String>>) -> Vec<String> {
    found.unwrap_or_else(|error| vec![format!("{what}: {error}")])
}

pub(super) fn again_and_again(specimen: &Specimen) -> Vec<String> {
    let live = |calls: usize| -> Result<Vec<String>> {
        let mut subject = specimen.make(Conditions::default())?;
        for _ in 0..calls {
            subject.call()?;
        }
        Ok(subject.stop())
    };
    let lives = || {
        // Twice before it is looked: what is made once is there then. One is stopped uncalled.
        let mut findings = live(2)?;
        findings.extend(live(0)?);
        let before = Holdings::now()?;
        for _ in 0..LIVES {
            findings.extend(live(2)?);
        }
        for (what, count) in Holdings::left_since(before, LEFT)? {
            if count >= LEFT {
                findings.push(format!(
                    "made and stopped {LIVES} times it leaves {count} {what} behind"
                ));
            }
        }
        findings.dedup();
        Ok(findings)
    };
    told("made again", lives())
}

pub(super) fn two_instances(specimen: &Specimen) -> Vec<String> {
    let live = || {
        let make = |name| specimen.make(Conditions::default().instance(name));
        let (mut one, mut other) = (make("one")?, make("other")?);
        one.call()?;
        other.call()?;
        let mut findings = one.stop();
        other.call()?;
        findings.extend(other.stop());
        Ok(findings)
    };
    told("two instances", live())
}

pub(super) fn change_of_versions(specimen: &Specimen) -> Vec<String> {
    let after = |inherited: Option<Vec<u8>>| -> Result<Subject> {
        let conditions = Conditions::default();
        let mut next = specimen.make(match inherited {
            Some(bytes) => conditions.inherited(bytes),
            None => conditions,
        })?;
        next.call()?;
        Ok(next)
    };
    let change = || {
        let mut first = after(None)?;
        let saved = first.save();
        let mut findings = first.stop();
        let next = saved.map(|saved| after(Some(saved))).transpose()?;
        findings.extend(next.map(Subject::stop).unwrap_or_default());
        Ok(findings)
    };
    let mut findings = told("with what the version before has left", change());
    for unreadable in [vec![], b"\xff\0{]".to_vec(), b"[".repeat(100_000)] {
        let taken = after(Some(unreadable)).map(Subject::stop);
        findings.extend(told("with a state that it cannot read", taken));
    }
    findings.dedup();
    findings
}
