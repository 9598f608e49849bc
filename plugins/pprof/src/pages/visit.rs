//! One request to a page, and what all pages need.

use std::{
    thread,
    time::{Duration, Instant},
};

use gaxx_sdk::log::warn;
use gaxx_sdk::{Deadline, Host, Request};

use crate::{
    measures::Measures,
    query::Query,
    refusal::Refusal,
    settings::Settings,
    symbols::{Form, Job, Symbols},
};

/// How often it is looked whether the caller is still there.
const LOOK: Duration = Duration::from_millis(100);
/// How long the host may take for something that takes it a moment.
const SOON: Duration = Duration::from_secs(10);

/// The deadline of what takes the host a moment.
pub(super) fn soon() -> Deadline {
    Deadline::after(SOON)
}

/// What all pages need.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) host: Host,
    pub(crate) settings: Settings,
    pub(crate) symbols: Symbols,
    pub(crate) measures: Measures,
}

/// One request.
pub(crate) struct Visit<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) page: &'static str,
    pub(crate) request: &'a Request,
    pub(crate) query: Query,
    /// The body of the request, of the pages that take one.
    pub(crate) body: Vec<u8>,
    /// Whether the caller has gone.
    pub(crate) has_gone: &'a dyn Fn() -> bool,
}

impl Visit<'_> {
    /// Goes on only where somebody waits for the answer.
    pub(super) fn expect_caller(&self) -> Result<(), Refusal> {
        if (self.has_gone)() {
            return Err(Refusal::Gone);
        }
        if self.desk.host.is_cancelled() {
            return Err(Refusal::Stopping);
        }
        Ok(())
    }

    /// Waits so long, and no longer than the caller does.
    pub(super) fn wait(&self, time: Duration) -> Result<(), Refusal> {
        let end = Instant::now() + time;
        loop {
            self.expect_caller()?;
            match end.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return Ok(()),
                left => thread::sleep(left.min(LOOK)),
            }
        }
    }

    /// Gives a profile of addresses its names and the form that is wanted, of the values that are
    /// looked at where a type is named. Two are by how much the second has more.
    ///
    /// Where names cannot be had a plain profile is answered as it is: what opens it shows the
    /// libraries.
    pub(super) fn named(
        &self,
        mut profiles: Vec<Vec<u8>>,
        looked_at: Option<&str>,
        form: Form,
    ) -> Result<Vec<u8>, Refusal> {
        let plain = form == Form::Pprof && looked_at.is_none() && profiles.len() == 1;
        let job = Job::Profile {
            difference: profiles.len() == 2,
            looked_at: looked_at.map(ToOwned::to_owned),
            form,
        };
        let all: Vec<&[u8]> = profiles.iter().map(Vec::as_slice).collect();
        let refusal = match self.ask(&job, &all) {
            Ok(answer) => return Ok(answer),
            Err(refusal) => refusal,
        };
        match (plain, &refusal, profiles.pop()) {
            (true, Refusal::Names(reason), Some(profile)) => {
                warn!("{} is sent without names: {reason}", self.page);
                self.desk.measures.unnamed();
                Ok(profile)
            }
            _ => Err(refusal),
        }
    }

    /// Has a helper do a job.
    pub(super) fn ask(&self, job: &Job, profiles: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
        let is_wanted = || self.expect_caller().is_ok();
        let answer = self.desk.symbols.ask(job, profiles, &is_wanted);
        // Not wanted is told from not wanted any more by the plugin's own end.
        answer.map_err(|reason| self.expect_caller().err().unwrap_or_else(|| reason.into()))
    }
}
