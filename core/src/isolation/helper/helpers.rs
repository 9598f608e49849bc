//! The helpers of a component: which there may be, and how many.

use std::{
    os::fd::OwnedFd,
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use gaxx_abi::{Fault, Manifest, fault::kind};
use parking_lot::Mutex;
use rustix::{
    event::{EventfdFlags, eventfd},
    io::write,
};

use super::{start::start, watch};
use crate::{
    instruments::HelperMetrics,
    isolation::{
        PROGRAM,
        process::{Allowance, fault},
    },
    plugin::Origin,
    registry::Owner,
};

/// How long a helper may take to end once its component has come to its end.
const GRACE: Duration = Duration::from_secs(5);
/// The most helpers of a component at a time.
pub(super) const MOST: usize = 8;
/// How many may be started in a second, and at once.
const RATE: u32 = 1;
pub(super) const BURST: u32 = 16;
/// What a manifest's attribute is named that declares a helper.
const ATTRIBUTE: &str = "helper";

/// The helpers that a plugin declares, and where its code is.
#[derive(Clone)]
pub(crate) struct Declared {
    names: Arc<[String]>,
    origin: Arc<Origin>,
}

/// The helpers of a component. They are ended when this is dropped, as by [`Helpers::end`].
pub(crate) struct Helpers {
    owner: Owner,
    declared: Declared,
    /// Nothing where none can be started.
    counts: Option<HelperMetrics>,
    program: Box<Path>,
    pool: Arc<Pool>,
}

/// What a component shares with those who watch its helpers.
pub(super) struct Pool {
    places: Mutex<Places>,
    /// Made with the first helper. Can be read, for good, once they are to end.
    bell: OnceLock<OwnedFd>,
    /// How long they may take to end by themselves then.
    grace: Duration,
}

struct Places {
    taken: usize,
    starts: Allowance,
    ended: bool,
}

/// A helper's place among those that there may be. It is free again when this is dropped.
pub(super) struct Place(Arc<Pool>);

impl Declared {
    /// Those of a plugin with this manifest and code.
    pub(crate) fn of(manifest: &Manifest, origin: Arc<Origin>) -> Self {
        let attributes = manifest.attributes.iter();
        let names = attributes.filter(|attribute| attribute.name == ATTRIBUTE);
        Self {
            names: names.map(|helper| helper.value.to_string()).collect(),
            origin,
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn expect(&self, plugin: &str, name: &str) -> Result<(), Fault> {
        if self.names.iter().any(|declared| declared == name) {
            return Ok(());
        }
        let known = match &*self.names {
            [] => "it has none".to_owned(),
            names => format!("it has {}", names.join(", ")),
        };
        Err(fault(
            kind::UNKNOWN,
            format!("plugin {plugin} has no helper {name}: {known}"),
            "declare it with gaxx_sdk::helper!, or ask for one that is declared",
        ))
    }
}

impl Helpers {
    /// The helpers of this component, of which none runs yet.
    pub(crate) fn new(owner: Owner, declared: Declared, counts: Option<HelperMetrics>) -> Self {
        Self::run_by(Path::new(PROGRAM), GRACE, owner, declared, counts)
    }

    /// The same, where `program` is this one, and they have so long to end.
    pub(super) fn run_by(
        program: &Path,
        grace: Duration,
        owner: Owner,
        declared: Declared,
        counts: Option<HelperMetrics>,
    ) -> Self {
        let places = Places {
            taken: 0,
            starts: Allowance::new(RATE, BURST, Instant::now()),
            ended: false,
        };
        Self {
            owner,
            declared,
            counts,
            program: program.into(),
            pool: Arc::new(Pool {
                places: Mutex::new(places),
                bell: OnceLock::new(),
                grace,
            }),
        }
    }

    /// Starts the helper of this name, and answers the component's end of its socket. What becomes
    /// of it there is told by that socket and by the log.
    pub(crate) fn start(&self, name: &str) -> Result<OwnedFd, Fault> {
        let started = self.try_start(name);
        if let Some(counts) = &self.counts {
            counts.asked(started.is_ok());
        }
        started
    }

    fn try_start(&self, name: &str) -> Result<OwnedFd, Fault> {
        let plugin = self.owner.plugin.as_str();
        self.declared.expect(plugin, name)?;
        let place = self.pool.take(&self.owner)?;
        let failed = |error| {
            fault(
                kind::FAILED,
                format!("helper {name} cannot be started: {error}"),
                "see that this user may have more processes, files and memory",
            )
        };
        let code = self.declared.origin.code();
        let (socket, started) = start(&self.program, (plugin, name), code).map_err(failed)?;
        watch::begin(started, place, &self.owner, name).map_err(failed)?;
        Ok(socket)
    }

    /// Ends them: those that have not ended by themselves within some seconds are killed. None is
    /// started any more.
    pub(crate) fn end(&self) {
        self.pool.end();
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        self.end();
    }
}

impl Pool {
    /// A place for one more; a fault where there must not be one.
    fn take(self: &Arc<Self>, owner: &Owner) -> Result<Place, Fault> {
        let mut places = self.places.lock();
        if places.ended {
            return Err(fault(
                kind::CANCELLED,
                format!("{owner} has come to its end"),
                "",
            ));
        }
        if places.taken >= MOST {
            return Err(fault(
                kind::LIMIT,
                format!("{owner} has {MOST} helpers, as many as a component may have"),
                "close the socket of one that is not needed: it ends then",
            ));
        }
        if !places.starts.take(1, Instant::now()) {
            return Err(fault(
                kind::LIMIT,
                format!("{owner} starts helpers too often: {BURST} at once, then {RATE} a second"),
                "keep a helper; the log tells why those before have ended",
            ));
        }
        if self.bell.get().is_none() {
            let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
            let bell = bell.map_err(|errno| {
                fault(
                    kind::LIMIT,
                    format!("no file for a helper: {errno}"),
                    "raise the limit of open files of gaxx-mon (LimitNOFILE in systemd)",
                )
            })?;
            // Nobody else makes it while the lock is held.
            let _ = self.bell.set(bell);
        }
        places.taken += 1;
        Ok(Place(Arc::clone(self)))
    }

    fn end(&self) {
        self.places.lock().ended = true;
        if let Some(bell) = self.bell.get() {
            // Its counter cannot be full.
            let _ = write(bell, &1_u64.to_ne_bytes());
        }
    }

    pub(super) fn grace(&self) -> Duration {
        self.grace
    }

    pub(super) fn is_ended(&self) -> bool {
        self.places.lock().ended
    }

    /// Can be read once they are to end.
    pub(super) fn bell(&self) -> Option<&OwnedFd> {
        self.bell.get()
    }
}

impl Place {
    pub(super) fn pool(&self) -> &Pool {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.places.lock().taken -= 1;
    }
}
