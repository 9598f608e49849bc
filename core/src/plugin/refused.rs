//! A new version that did not take over.

use super::{Broken, Candidate, Failed, Plugin, Want, record::Failure};

/// How many letters of a digest tell two builds of one version apart.
const SHORT: usize = 8;

/// A new version of a plugin, or new settings, that did not take over: what ran before runs on.
#[derive(Clone)]
pub struct Refused {
    /// What was refused and why, and what runs on.
    pub error: String,
    /// What to do about it.
    pub remedy: String,
    /// The digest of what was refused, where it could be loaded.
    digest: Option<String>,
    /// What could not be made of it. Some of it may hang yet.
    broken: Vec<Broken>,
}

impl Refused {
    /// A version, or changed settings, of which `broken` could not be made or failed its trial.
    pub(super) fn on_trial(before: &Plugin, candidate: &Candidate, broken: Vec<Broken>) -> Self {
        let first = broken.first();
        let why = first.map_or_else(String::new, |broken| {
            let component = broken.want.owner.component_label();
            format!("{component}: {}", broken.failure.message)
        });
        let told = first.map_or("", |broken| &broken.failure.remedy);
        Self {
            remedy: remedy(told),
            broken,
            ..Self::because(before, candidate, &why)
        }
    }

    /// A version whose series cannot be shown.
    pub(super) fn not_shown(before: &Plugin, candidate: &Candidate, failure: &Failure) -> Self {
        Self {
            remedy: remedy(&failure.remedy),
            ..Self::because(before, candidate, &failure.message)
        }
    }

    fn because(before: &Plugin, candidate: &Candidate, why: &str) -> Self {
        let new_version = candidate.manifest.version.as_str();
        let new_digest = candidate.file.as_ref().map(|(_, digest)| digest.as_str());
        let same_version = before.version == new_version;
        let (new, old) = (
            version(new_version, new_digest, same_version),
            version(&before.version, before.digest(), same_version),
        );
        let error = if before.digest() == new_digest {
            format!("its changed settings were refused: {why}; it runs on with those before")
        } else {
            format!("{new} was refused: {why}; {old} runs on")
        };
        Self {
            error,
            remedy: String::new(),
            digest: new_digest.map(str::to_owned),
            broken: Vec::new(),
        }
    }

    /// A library that cannot be loaded any more, or a new one in its place.
    pub(super) fn not_loaded(running: &Plugin, failed: &Failed) -> Self {
        let old = version(&running.version, None, false);
        Self {
            error: format!("a library was refused: {}; {old} runs on", failed.error),
            remedy: remedy(&failed.remedy),
            digest: None,
            broken: Vec::new(),
        }
    }

    /// What hangs of this candidate since it was refused: to try it again would hang another thread.
    pub(super) fn hangs(&self, candidate: &Candidate, want: &Want) -> Option<&Broken> {
        let digest = candidate.file.as_ref().map(|(_, digest)| digest);
        let mut broken = self.broken.iter();
        broken.find(|broken| {
            self.digest.as_ref() == digest && broken.want == *want && broken.ticket.is_overdue()
        })
    }
}

/// A version by its number, and by its digest where the number does not tell.
fn version(number: &str, digest: Option<&str>, ambiguous: bool) -> String {
    match digest.and_then(|digest| digest.get(..SHORT)) {
        Some(short) if ambiguous => format!("version {number} ({short})"),
        _ => format!("version {number}"),
    }
}

fn remedy(told: &str) -> String {
    let again = "it is tried again at the next reload";
    if told.is_empty() {
        format!("mend the new version, or put the old one back; {again}")
    } else {
        format!("{told}; {again}")
    }
}
