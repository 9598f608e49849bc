//! Where components' records go.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use gaxx_abi::{Fault, abi_std::RVec, fault::kind};

use crate::{
    audit::{self, Audit, AuditError},
    config::Config,
    instruments::Instruments,
    registry::Owner,
    task,
};

/// A wait that is longer counts as this long.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Where components' records go.
#[derive(Clone)]
pub(super) enum Records {
    /// Into the audit log.
    Kept(Arc<Audit>),
    /// Nowhere: `audit.enabled` is false.
    Off,
    /// Nobody keeps any in this role, and what must be recorded is not done.
    Refused,
}

impl Records {
    /// Opens the audit log, if the role has one and the configuration wants it.
    pub(super) fn open(
        config: &Config,
        instruments: &Instruments,
        state_folder: &Path,
    ) -> Result<Self, AuditError> {
        let Some(metrics) = &instruments.audit else {
            return Ok(Self::Refused);
        };
        if !config.audit.enabled {
            tracing::warn!("audit.enabled is false: nobody can tell later what was run and moved");
            return Ok(Self::Off);
        }
        let folder = audit::folder(state_folder);
        Audit::open(&folder, &config.audit, metrics.clone()).map(Self::Kept)
    }

    /// Records what a component tells, within so many nanoseconds; 0: nobody waits.
    pub(super) fn append(&self, owner: &Owner, record: &str, deadline: u64) -> Result<(), Fault> {
        let log = match self {
            Self::Kept(log) => log,
            Self::Off => return Ok(()),
            Self::Refused => {
                return Err(Fault {
                    kind: kind::REFUSED,
                    message: "no audit log is kept in this role".into(),
                    remedy: "run it in the agent: gaxx-mon agent".into(),
                    retry_after: 0,
                    attributes: RVec::new(),
                });
            }
        };
        let wait = Duration::from_nanos(deadline).min(LONGEST_WAIT);
        let until = (deadline > 0).then(|| Instant::now() + wait);
        let appended = log.append(&owner.to_string(), record, until);
        appended.map_err(|error| Fault::from(&error))
    }

    /// Writes what waits, as far as there is time until the deadline.
    pub(super) async fn close(&self, deadline: Instant) {
        let Self::Kept(log) = self else { return };
        let log = Arc::clone(log);
        let closed = task::spawn_blocking("audit", move || log.close());
        if tokio::time::timeout_at(deadline.into(), closed)
            .await
            .is_err()
        {
            tracing::warn!("the audit log was not closed in time; its last second may be lost");
        }
    }
}
