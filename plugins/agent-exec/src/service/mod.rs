//! Requests to run commands, from their bodies to their answers.

mod body;
mod exec;
mod keyed;

pub(crate) use exec::Exec;

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use gaxx_sdk::{log::info, prelude::*};

use crate::{
    crew::Crew,
    decline::Decline,
    gate::Gate,
    ids::Ids,
    journal::{Bounds, Journal, JournalError},
    keeper::Keepers,
    measures::Measures,
    policy::Policy,
    records::Records,
    settings::{Allow, Settings},
    table::Table,
};

/// Keepers that wait for their orders: a burst of commands finds them.
const SPARES: usize = 4;
/// Requests whose body is still on its way, beyond those that run and wait.
const READING: u32 = 64;

/// What answers requests to run commands.
pub(crate) struct Service {
    settings: Settings,
    policy: Policy,
    pub(crate) gate: Arc<Gate>,
    pub(crate) table: Table,
    pub(crate) measures: Measures,
    pub(crate) crew: Crew,
    records: Records,
    ids: Ids,
    host: Host,
    keepers: Mutex<Option<Arc<Keepers>>>,
    /// Opened when the first key comes.
    journal: Mutex<Option<Arc<Journal>>>,
    instance: String,
    stopping: AtomicBool,
    warned: OnceLock<()>,
}

impl Service {
    pub(crate) fn new(settings: Settings, context: &Context) -> Result<Self> {
        let policy = Policy::new(&settings)?;
        let gate = Gate::new(
            settings.max_concurrent as usize,
            settings.max_queue as usize,
            policy.concurrent(),
        );
        // One thread for a request, and one for its input.
        let threads = 2 * (settings.max_concurrent + settings.max_queue + READING);
        Ok(Self {
            gate,
            table: Table::new(settings.max_recent as usize),
            measures: Measures::new(context)?,
            crew: Crew::new(threads as usize),
            records: Records::new(context.host()),
            ids: Ids::new().explain(|| "/dev/urandom".to_owned())?,
            host: context.host().clone(),
            keepers: Mutex::new(None),
            journal: Mutex::new(None),
            instance: context.host().instance(),
            stopping: AtomicBool::new(false),
            warned: OnceLock::new(),
            settings,
            policy,
        })
    }

    /// Gets ready what takes time, where something may run. What fails is tried again when a
    /// command comes.
    pub(crate) fn start(&self) {
        if self.policy.allow == Allow::Nothing {
            return;
        }
        if self.policy.allow == Allow::Any && self.warned.set(()).is_ok() {
            warn!("{}", crate::WARNING);
        }
        match self.keepers() {
            Ok(keepers) => info!("commands can be confined by {}", keepers.abilities()),
            Err(error) => error!("no command can run: {error}"),
        }
    }

    /// Ends all runs, and waits for their answers.
    pub(crate) fn stop(&self, deadline: Deadline) {
        self.stopping.store(true, Ordering::Release);
        self.table
            .cancel_all("the agent, or this version of its plugin, is stopping");
        if !self.crew.close(deadline.instant()) {
            warn!("some requests have not come to their end");
        }
        *self.keepers.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.journal.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What the policy says is allowed, as a header of every answer says it.
    pub(crate) fn headers(&self) -> Vec<(&'static str, &'static str)> {
        match self.policy.allow {
            Allow::Any => vec![("x-gaxx-warning", crate::WARNING)],
            _ => Vec::new(),
        }
    }

    fn keepers(&self) -> Result<Arc<Keepers>, Decline> {
        let mut keepers = self.keepers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keepers) = &*keepers {
            return Ok(Arc::clone(keepers));
        }
        let started = Arc::new(Keepers::start(&self.host, SPARES)?);
        *keepers = Some(Arc::clone(&started));
        Ok(started)
    }

    fn journal(&self) -> Result<Arc<Journal>, JournalError> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(journal) = &*journal {
            return Ok(Arc::clone(journal));
        }
        let folder = self.host.state_folder();
        let folder = folder.map_err(|error| JournalError::NoFolder(error.to_string()))?;
        let name = match self.instance.as_str() {
            "" => "journal".to_owned(),
            instance => format!("journal-{instance}"),
        };
        let settings = &self.settings.idempotency;
        let bounds = Bounds {
            keep: settings.keep,
            keys: settings.max_keys as usize,
            bytes: settings.max_size.bytes(),
        };
        let opened = Journal::open(&folder.join(name), bounds)?;
        *journal = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}
