//! `/debug/pprof/profile`: who uses the CPU.

use std::time::Duration;

use gaxx_sdk::{Deadline, ErrorKind};

use super::{Visit, visit::soon};
use crate::{answer::Answer, refusal::Refusal, symbols::Form};

/// How long it takes where the request does not say, in seconds, as Go has it.
const USUAL: u64 = 30;
/// How long ending a profile may take.
const FINISH: Duration = Duration::from_secs(30);

pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    let profile = visit.cpu_profile()?;
    let named = visit.named(vec![profile], None, Form::Pprof)?;
    Ok(Answer::profile("profile", named))
}

/// A CPU profile that is asked for.
pub(super) struct Wanted<'a> {
    time: Duration,
    hertz: u32,
    /// Whose process it is of; else this program's.
    plugin: Option<&'a str>,
}

impl Visit<'_> {
    /// Takes a CPU profile as the parameters say. A caller who leaves ends it.
    pub(super) fn cpu_profile(&self) -> Result<Vec<u8>, Refusal> {
        let Wanted {
            time,
            hertz,
            plugin,
        } = self.wanted()?;
        self.expect_caller()?;
        let refused = |error| Refusal::profile(error, plugin);
        let host = &self.desk.host;
        let profile = host.cpu_profile(hertz, time, plugin, soon());
        let profile = profile.map_err(|error| match error.kind() {
            ErrorKind::Limit => Refusal::Busy(error),
            _ => refused(error),
        })?;
        self.wait(time)?;
        profile.finish(Deadline::after(FINISH)).map_err(refused)
    }

    /// What the parameters ask for.
    pub(super) fn wanted(&self) -> Result<Wanted<'_>, Refusal> {
        let settings = &self.desk.settings;
        let most = settings.most_seconds();
        let seconds = self.query.seconds(most)?.unwrap_or(USUAL.min(most));
        Ok(Wanted {
            time: Duration::from_secs(seconds),
            hertz: self.query.hertz()?.unwrap_or(settings.frequency),
            plugin: self.query.plugin()?,
        })
    }
}
