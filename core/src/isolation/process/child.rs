//! A plugin's child: one process after another, as its proxies see it.

use std::{
    io,
    os::fd::OwnedFd,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use gaxx_abi::{Fault, Manifest};
use parking_lot::Mutex;
use rustix::{
    event::{EventfdFlags, eventfd},
    io::{read, write},
};

use super::{Ending, Process, Status, attendant, seats::Seats};
use crate::isolation::{
    StartError, Want,
    proxy::Limit,
    wire::message::{Ask, Told},
};

/// How long a plugin may take to be loaded and to describe itself; as `plugin/discover.rs` has it.
const LOADING: Duration = Duration::from_secs(10);

/// A plugin's child. Its process ends when this is dropped.
pub(in crate::isolation) struct Child(Arc<Shared>);

/// What a child's proxies and its attendant share.
pub(super) struct Shared {
    pub(super) want: Want,
    pub(super) status: Arc<Status>,
    pub(super) seats: Seats,
    /// What the plugin said of itself; it must not say anything else later.
    manifest: OnceLock<Arc<Manifest>>,
    doubtful: Mutex<()>,
    closed: AtomicBool,
    /// Can be read when it is closed.
    bell: OwnedFd,
}

impl Child {
    /// Starts the program as a child, and has it load the plugin.
    pub(in crate::isolation) fn start(
        want: &Want,
        program: &Path,
    ) -> Result<(Self, Arc<Manifest>), StartError> {
        let child = Self(Shared::new(want)?);
        let (sender, started) = mpsc::channel();
        attendant::begin(&child.0, program, sender)?;
        // The attendant says how it went, or has panicked.
        let started = started.recv().map_err(io::Error::other)?;
        let manifest = child.0.load(&started?)?;
        Ok((child, manifest))
    }

    /// How it is with its process.
    pub(in crate::isolation) fn status(&self) -> &Arc<Status> {
        &self.0.status
    }

    /// Its components.
    pub(in crate::isolation) fn seats(&self) -> &Seats {
        &self.0.seats
    }

    /// The process that serves calls; or what calls answer.
    pub(in crate::isolation) fn process(&self) -> Result<Arc<Process>, Fault> {
        self.0.status.process()
    }

    /// Held by whoever has a component made that may have ended the process before.
    pub(in crate::isolation) fn doubtful(&self) -> &Mutex<()> {
        &self.0.doubtful
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Release);
        // Its counter cannot be full.
        let _ = write(&self.0.bell, &1_u64.to_ne_bytes());
    }
}

impl Shared {
    pub(super) fn new(want: &Want) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            want: want.clone(),
            status: Arc::default(),
            seats: Seats::default(),
            manifest: OnceLock::new(),
            doubtful: Mutex::default(),
            closed: AtomicBool::new(false),
            bell: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        }))
    }

    /// Whether nobody uses it any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether a process has loaded the plugin, the present one or one before.
    pub(super) fn has_loaded(&self) -> bool {
        self.manifest.get().is_some()
    }

    /// Can be read when it is closed.
    pub(super) fn bell(&self) -> &OwnedFd {
        &self.bell
    }

    /// Makes the bell silent again.
    pub(super) fn answer_bell(&self) {
        // Nothing was rung where this fails.
        let _ = read(&self.bell, &mut [0_u8; 8]);
    }

    /// Has a process load the plugin, and opens it for calls.
    fn load(&self, process: &Arc<Process>) -> Result<Arc<Manifest>, StartError> {
        let limit = Limit::new(LOADING);
        let ask = Ask::Load(self.want.code.clone());
        let told = process.line().and_then(|line| line.call(&ask, limit));
        let manifest = match told? {
            Told::Manifest(manifest) => *manifest,
            Told::Refused {
                reason,
                error,
                remedy,
            } => {
                return Err(StartError::Refused {
                    reason,
                    error,
                    remedy,
                });
            }
            _ => return Err(process.confused().into()),
        };
        let first = self.manifest.get_or_init(|| Arc::new(manifest.clone()));
        if **first != manifest {
            return Err(StartError::Refused {
                reason: "manifest_mismatch".to_owned(),
                error: "it does not say the same of itself as before".to_owned(),
                remedy: "a plugin's manifest must not depend on time or place".to_owned(),
            });
        }
        self.status.up(Arc::clone(process));
        Ok(Arc::clone(first))
    }

    /// Has a process that takes the place of another load the plugin and make its components.
    pub(super) fn revive(&self, process: &Arc<Process>) {
        if let Err(error) = self.load(process) {
            // Where it has ended already that is why, and this is not.
            process.condemn(Ending::not_loaded(&error.to_string(), &error.remedy()));
            return;
        }
        for seat in self.seats.all() {
            if process.ending().is_some() {
                return;
            }
            seat.revive(process);
        }
    }
}

/// A child whose processes threads play.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
impl Child {
    pub(super) fn played(process: &Arc<Process>) -> Arc<Self> {
        let want = Want {
            plugin: "demo".to_owned(),
            code: crate::isolation::Code::Linked("demo".to_owned()),
            process: crate::config::Process::default(),
        };
        let child = Arc::new(Self::of(Shared::new(&want).unwrap()));
        child.plays(process);
        child
    }

    /// One whose processes speak to nobody.
    pub(super) fn of(shared: Arc<Shared>) -> Self {
        let manifest = Manifest {
            name: "demo".into(),
            version: "1.0.0".into(),
            description: "Does not speak.".into(),
            components: Vec::new().into(),
            attributes: Vec::new().into(),
        };
        shared.manifest.set(Arc::new(manifest)).unwrap();
        Self(shared)
    }

    pub(super) fn plays(&self, process: &Arc<Process>) {
        self.0.status.up(Arc::clone(process));
    }

    pub(super) fn is_down(&self, ending: &Arc<Ending>, wait: Duration, failed: Option<u32>) {
        let again_at = std::time::Instant::now() + wait;
        self.0.status.down(Arc::clone(ending), again_at, failed);
    }
}
