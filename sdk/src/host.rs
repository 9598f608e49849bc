//! What a component may ask of the program it runs in.

use std::{
    fmt,
    os::fd::{FromRawFd, OwnedFd},
    path::PathBuf,
    sync::Arc,
};

use gaxx_abi::{HostRef, host::process};

use crate::{Deadline, Result, error::answer, metrics};

/// The program that the component runs in. Cheap to clone; it may be kept and used from any thread.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<HostRef>);

/// What can be asked of the process; see [`Host::process`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// Give unused memory back to the system; answers JSON.
    Purge,
    /// The live asynchronous tasks, as JSON.
    Tasks,
    /// The threads, as JSON.
    Threads,
    /// Live allocations by stack, as a gzip-compressed pprof profile.
    Heap,
    /// Allocator and runtime figures, as JSON.
    Statistics,
    /// What is served, and to whom, as JSON.
    Capabilities,
    /// What the program was built from and started with, as JSON.
    Build,
}

impl Process {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Purge => process::PURGE,
            Self::Tasks => process::TASKS,
            Self::Threads => process::THREADS,
            Self::Heap => process::HEAP,
            Self::Statistics => process::STATISTICS,
            Self::Capabilities => process::CAPABILITIES,
            Self::Build => process::BUILD,
        }
    }
}

impl Host {
    pub(crate) fn new(host: HostRef) -> Self {
        Self(Arc::new(host))
    }

    /// The minor version of the ABI that the host speaks.
    pub fn abi_minor(&self) -> u32 {
        self.0.minor()
    }

    /// The name of the instance that this component belongs to; empty for the only one.
    pub fn instance(&self) -> String {
        self.0.instance().into()
    }

    /// What the program is run as: `main`, and more in later versions. Empty from a host older
    /// than ABI 1.1, which does not say.
    pub fn role(&self) -> String {
        self.0.role().into()
    }

    /// A folder of the plugin's own, that only this user can read, kept across restarts.
    pub fn state_folder(&self) -> Result<PathBuf> {
        Ok(PathBuf::from(answer(self.0.state_folder())?.into_string()))
    }

    /// What the version before left by [`Component::save`](crate::Component::save).
    pub fn inherited(&self) -> Option<Vec<u8>> {
        let left = self.left_before()?;
        let (own, _) = metrics::decode(&left);
        own.map(<[u8]>::to_vec)
    }

    /// All that the version before left.
    pub(crate) fn left_before(&self) -> Option<Vec<u8>> {
        self.0.inherited().into_option().map(Into::into)
    }

    /// All metrics, as the JSON of `/api/metrics`.
    pub fn metrics(&self) -> Result<String> {
        Ok(answer(self.0.metrics())?.into())
    }

    /// The health report, as the JSON of `/api/health`.
    pub fn health(&self) -> Result<String> {
        Ok(answer(self.0.health())?.into())
    }

    /// Asks for something that belongs to the process.
    pub fn process(&self, what: Process, deadline: Deadline) -> Result<Vec<u8>> {
        Ok(answer(self.0.process(what.number(), deadline.as_nanos()))?.into())
    }

    /// Writes a record to the audit log, a JSON object, and returns once it is durable.
    ///
    /// Where it fails, what the record tells of must not be done.
    pub fn audit(&self, record: &str, deadline: Deadline) -> Result<()> {
        // Zero would not wait.
        answer(self.0.audit(record.into(), deadline.as_nanos().max(1)))
    }

    /// Writes a record to the audit log in its order, and does not wait until it is durable.
    pub fn audit_later(&self, record: &str) -> Result<()> {
        answer(self.0.audit(record.into(), 0))
    }

    /// Starts a process of this plugin's own code: what [`helper!`](crate::helper) declares under
    /// this name runs there, with the other end of the socket.
    ///
    /// Such a process is small and has one thread, so that it can start others cheaply. It has
    /// nothing of the component but its code: what it needs is told over the socket, a stream. It
    /// ends when the function returns, which it must do once the socket has come to its end: nothing
    /// else tells it that gaxx-mon has gone. What has not ended 5 s after its component is killed,
    /// with its process group.
    ///
    /// The answer does not wait for the helper's code. Where it cannot be loaded, or fails, the
    /// socket comes to its end and the log says why. A component may have 8 at a time, and start 16
    /// at once and one a second from then on.
    ///
    /// # Errors
    ///
    /// Of kind [`Unknown`](crate::ErrorKind::Unknown) where no such helper is declared,
    /// [`Limit`](crate::ErrorKind::Limit) where there are too many,
    /// [`Refused`](crate::ErrorKind::Refused) from a host older than ABI 1.2.
    pub fn helper(&self, name: &str) -> Result<OwnedFd> {
        let socket = answer(self.0.helper(name.into()))?;
        // SAFETY: the host gives it away, as the ABI says; nobody else closes it.
        #[allow(unsafe_code)]
        Ok(unsafe { OwnedFd::from_raw_fd(socket) })
    }

    /// Whether the component is being stopped.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("abi_minor", &self.abi_minor())
            .finish()
    }
}
