//! Keepers for runs, as the agent sees them.

use std::{
    fmt,
    io::ErrorKind,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gaxx_sdk::Host;
use rustix::{
    io::retry_on_intr,
    net::{SendFlags, send},
};

use super::{
    Abilities, Order, Run,
    failure::{KeeperError, Names},
    wire,
};

/// How many spares may turn out to be dead before another spawner is tried.
const TRIES: usize = 8;

/// Starts a spawner, and answers with a socket to it.
type Start = Box<dyn Fn() -> Result<OwnedFd, String> + Send + Sync>;

/// Keepers, forked ahead of need, and kept for the next run where the last one left nothing to
/// kill. When dropped, those that are idle end.
pub(crate) struct Keepers {
    start: Start,
    spares: usize,
    spawner: Mutex<Arc<Spawner>>,
    idle: Arc<Idle>,
}

/// Keepers that wait for another order, the last used last: its memory is warm.
#[derive(Debug)]
pub(super) struct Idle {
    sockets: Mutex<Vec<Arc<OwnedFd>>>,
    most: usize,
}

/// A spawner, and the spares it has sent: its socket is the queue of them.
struct Spawner {
    socket: OwnedFd,
    abilities: Abilities,
}

impl Keepers {
    /// Starts the spawner, has it fork so many spares ahead, and keeps as many for another run;
    /// at least one.
    pub(crate) fn start(host: &Host, spares: usize) -> Result<Self, KeeperError> {
        let host = host.clone();
        let start = move || host.helper("keeper").map_err(|error| error.to_string());
        Self::started_by(Box::new(start), spares)
    }

    pub(super) fn started_by(start: Start, spares: usize) -> Result<Self, KeeperError> {
        let spares = spares.max(1);
        let spawner = Spawner::start(&start, spares)?;
        Ok(Self {
            start,
            spares,
            spawner: Mutex::new(Arc::new(spawner)),
            idle: Arc::new(Idle {
                sockets: Mutex::default(),
                most: spares,
            }),
        })
    }

    /// What this kernel allows this user.
    pub(crate) fn abilities(&self) -> Abilities {
        self.current().abilities
    }

    /// Runs a command with these as its standard streams. Returns once a keeper has the order.
    ///
    /// Any number of threads may call it at once; those that find no spare wait for one. The
    /// streams are closed here, so that the command has the only copies.
    #[allow(clippy::needless_pass_by_value)]
    pub(crate) fn run(
        &self,
        order: &Order,
        input: OwnedFd,
        output: OwnedFd,
        errors: OwnedFd,
    ) -> Result<Run, KeeperError> {
        let mut descriptors = vec![input.as_fd(), output.as_fd(), errors.as_fd()];
        descriptors.extend(order.image.as_ref().map(AsFd::as_fd));
        for _ in 0..TRIES {
            let keeper = match self.idle.take() {
                Some(keeper) => keeper,
                None => Arc::new(self.spare()?),
            };
            let run = Run::new(keeper, Names::of(order), Arc::clone(&self.idle));
            match wire::send(run.as_fd(), order, &descriptors) {
                Ok(()) => return Ok(run),
                // It was killed while it waited: it has run nothing.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                Err(error) => return Ok(run.refused(&error)),
            }
        }
        Err(KeeperError::Gone)
    }

    /// A keeper that was forked ahead, or is now.
    fn spare(&self) -> Result<OwnedFd, KeeperError> {
        let mut spawner = self.current();
        for _ in 0..TRIES {
            match spawner.spare() {
                Some(spare) => return spare,
                None => spawner = self.replace(&spawner)?,
            }
        }
        Err(KeeperError::Gone)
    }

    fn current(&self) -> Arc<Spawner> {
        Arc::clone(&self.lock())
    }

    /// Another spawner in the place of one that has ended, if nobody was quicker.
    fn replace(&self, ended: &Arc<Spawner>) -> Result<Arc<Spawner>, KeeperError> {
        let mut spawner = self.lock();
        if Arc::ptr_eq(&spawner, ended) {
            *spawner = Arc::new(Spawner::start(&self.start, self.spares)?);
        }
        Ok(Arc::clone(&spawner))
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Spawner>> {
        lock(&self.spawner)
    }
}

/// What is guarded here is changed in one step, so a panic leaves it whole.
fn lock<T>(guarded: &Mutex<T>) -> MutexGuard<'_, T> {
    guarded.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Idle {
    fn take(&self) -> Option<Arc<OwnedFd>> {
        lock(&self.sockets).pop()
    }

    /// Keeps one for another run, or lets it end where there are enough.
    pub(super) fn put(&self, keeper: &Arc<OwnedFd>) {
        let mut sockets = lock(&self.sockets);
        if sockets.len() < self.most {
            sockets.push(Arc::clone(keeper));
        }
    }
}

impl fmt::Debug for Keepers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keepers")
            .field("spares", &self.spares)
            .finish_non_exhaustive()
    }
}

impl Spawner {
    fn start(start: &Start, spares: usize) -> Result<Self, KeeperError> {
        let socket = start().map_err(KeeperError::Spawner)?;
        let silent = || {
            let why = "it ended before it was ready; its last words are in the log";
            KeeperError::Spawner(why.to_owned())
        };
        let (abilities, _) = wire::receive(socket.as_fd())?.ok_or_else(silent)?;
        let spawner = Self { socket, abilities };
        spawner.ask(spares);
        Ok(spawner)
    }

    /// Asks for so many keepers more. One that has ended answers with its end.
    fn ask(&self, keepers: usize) {
        let _ = retry_on_intr(|| send(&self.socket, &vec![0; keepers], SendFlags::NOSIGNAL));
    }

    /// Takes a spare, and asks for another in its place; nothing where the spawner has ended.
    fn spare(&self) -> Option<Result<OwnedFd, KeeperError>> {
        self.ask(1);
        // Such a frame has no body, and so is read whole by one of those who wait.
        let ((), descriptors) = wire::receive(self.socket.as_fd()).ok()??;
        // It answers without a socket where it could not fork.
        Some(descriptors.into_iter().next().ok_or(KeeperError::NoRoom))
    }
}
