//! Where what is delivered comes from.

use std::{collections::BTreeMap, future, sync::Arc, time::SystemTime};

use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{
    cargo::{Cargo, News},
    relabel::{LeftOut, Relabel},
};
use crate::{
    health::{Engine, Standing, Transition},
    registry::Registry,
    time::rfc3339,
};

/// Changes that are told at once at most; what is more comes with the next.
const MOST: usize = 1000;

/// Where what is delivered comes from.
pub(super) enum Origin {
    /// Everything that is measured.
    Measurements {
        registry: Registry,
        relabel: Relabel,
    },
    /// Changes of health.
    Health(Health),
}

/// Changes of health.
pub(super) struct Health {
    engine: Arc<Engine>,
    changes: broadcast::Receiver<Arc<Transition>>,
    /// What has changed and has not been told.
    pending: Vec<Arc<Transition>>,
    labels: BTreeMap<String, String>,
}

/// As the ABI wants it.
#[derive(Serialize)]
struct Told<'a> {
    time: String,
    labels: &'a BTreeMap<String, String>,
    transitions: Vec<&'a Transition>,
    checks: Vec<Standing>,
}

impl Origin {
    /// Puts together what is to be delivered now, and says how many series are left out.
    pub(super) fn take(&mut self) -> (Cargo, LeftOut) {
        match self {
            Self::Measurements { registry, relabel } => {
                let exported = Arc::new(registry.snapshot().export());
                let (batch, left_out) = relabel.apply(exported);
                (Cargo::Measurements(batch), left_out)
            }
            Self::Health(health) => (health.take(), LeftOut::default()),
        }
    }

    /// Ready when there is something that should not wait for the next interval.
    pub(super) async fn hurries(&mut self) {
        match self {
            Self::Measurements { .. } => future::pending().await,
            Self::Health(health) => health.change().await,
        }
    }
}

impl Health {
    /// What changes from now on.
    pub(super) fn new(engine: Arc<Engine>, labels: BTreeMap<String, String>) -> Self {
        Self {
            changes: engine.subscribe(),
            engine,
            pending: Vec::new(),
            labels,
        }
    }

    /// Waits for a change. Nothing is lost where this is given up.
    async fn change(&mut self) {
        if !self.pending.is_empty() {
            return;
        }
        loop {
            match self.changes.recv().await {
                Ok(change) => return self.pending.push(change),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(
                        missed,
                        "changes of health came too fast to be told; how checks stand is told"
                    );
                }
                Err(RecvError::Closed) => return future::pending().await,
            }
        }
    }

    fn take(&mut self) -> Cargo {
        while self.pending.len() < MOST
            && let Ok(change) = self.changes.try_recv()
        {
            self.pending.push(change);
        }
        let time = SystemTime::now();
        let told = Told {
            time: rfc3339(time),
            labels: &self.labels,
            transitions: self.pending.iter().map(Arc::as_ref).collect(),
            checks: self.engine.standings(),
        };
        // Texts always serialise.
        let json = serde_json::to_string(&told).unwrap_or_default();
        let changes = u32::try_from(self.pending.len()).unwrap_or(u32::MAX);
        self.pending.clear();
        Cargo::News(Arc::new(News {
            time,
            changes,
            json,
        }))
    }
}
