//! `/debug/pprof/heap` and `/debug/pprof/allocs`: what is allocated, and what has been.

use std::time::Duration;

use gaxx_sdk::{Deadline, Process};

use super::Visit;
use crate::{
    answer::{Answer, TEXT},
    refusal::Refusal,
    symbols::Form,
};

/// How long the allocator may take to tell, or to give memory back.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn heap(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    // What a heap profile shows by itself.
    serve(visit, None)
}

pub(super) fn allocs(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    serve(visit, Some("alloc_space"))
}

fn serve(visit: &Visit<'_>, looked_at: Option<&str>) -> Result<Answer, Refusal> {
    let text = visit.query.debug()? > 0;
    let profiles = visit.heap_profiles()?;
    let delta = if profiles.len() == 2 { "-delta" } else { "" };
    if text {
        let lines = visit.named(profiles, looked_at, Form::Text)?;
        return Ok(Answer::new(TEXT, lines));
    }
    let named = visit.named(profiles, looked_at, Form::Pprof)?;
    Ok(Answer::profile(&format!("{}{delta}", visit.page), named))
}

impl Visit<'_> {
    /// Takes a heap profile as the parameters say: two of them where `seconds` lie between. A caller
    /// who leaves ends it.
    pub(super) fn heap_profiles(&self) -> Result<Vec<Vec<u8>>, Refusal> {
        let seconds = self.query.seconds(self.desk.settings.most_seconds())?;
        let purge = self.query.purge()?;
        let plugin = self.query.plugin()?;
        if purge && plugin.is_some() {
            return Err(Refusal::parameter(
                "gc purges gaxx-mon itself, and not the process of a plugin",
                "leave out gc or plugin",
            ));
        }
        if purge {
            let purged = self
                .desk
                .host
                .process(Process::Purge, Deadline::after(PATIENCE));
            purged.map_err(Refusal::Host)?;
        }
        let take = || {
            let profile = self
                .desk
                .host
                .heap_profile(plugin, Deadline::after(PATIENCE));
            profile.map_err(|error| Refusal::profile(error, plugin))
        };
        self.expect_caller()?;
        let mut profiles = vec![take()?];
        if let Some(seconds) = seconds {
            self.wait(Duration::from_secs(seconds))?;
            profiles.push(take()?);
        }
        Ok(profiles)
    }
}
