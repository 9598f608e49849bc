//! Requests with a key.

use std::sync::Arc;

use gaxx_sdk::prelude::Duration;

use super::Service;
use crate::{
    decline::Decline,
    gate::NoTurn,
    journal::{Awaited, Claim, Ticket},
    records::Who,
    report::Report,
    request::{Key, Request},
    run::Caller,
};

/// How long a run is waited for before it is looked whether its second caller is still there.
const LOOK: Duration = Duration::from_millis(50);

/// What a key turns out to be.
pub(super) enum Asked {
    /// New: its command may run.
    New(Ticket),
    /// Known, with this report.
    Known(Arc<Report>),
}

impl Service {
    /// Asks what is known of a key. Where its command runs, waits for the end of it.
    pub(super) fn ask(
        &self,
        key: &Key,
        request: &Request,
        who: &Who,
        id: &str,
        caller: &mut Caller,
    ) -> Result<Asked, Decline> {
        let digest = request.digest(&who.name);
        let pending = match self.journal()?.claim(&who.name, key, digest, id)? {
            Claim::New(ticket) => return Ok(Asked::New(ticket)),
            Claim::Ended(report) => return Ok(Asked::Known(Arc::new(report.again()))),
            Claim::Unknown { id } => {
                return Ok(Asked::Known(Arc::new(Report::unknown(&id).again())));
            }
            Claim::Other => return Err(Decline::OtherRequest),
            Claim::Running(pending) => pending,
        };
        loop {
            match pending.wait(LOOK) {
                Awaited::Ended(report) => return Ok(Asked::Known(Arc::new(report.again()))),
                // Refused, after all; the reason may be gone by the next time.
                Awaited::Nothing => return Err(Decline::NotRun),
                Awaited::NotYet if self.is_stopping() => return Err(Decline::Stopping),
                Awaited::NotYet if caller.has_gone() => return Err(NoTurn::Gone.into()),
                Awaited::NotYet => {}
            }
        }
    }
}
