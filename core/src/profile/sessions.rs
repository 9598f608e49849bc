//! The profiles that a component has ordered and not fetched yet.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Weak, mpsc},
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use serde_json::json;

use super::{Order, ProfileError, Samples, Subject};
use crate::registry::Owner;

/// How long after the time that was ordered a session is given up.
const GRACE: Duration = Duration::from_secs(30);

/// The profiles that a component has ordered and not fetched yet. They are given up with this.
///
/// How many there are need not be limited here: a process takes one at a time.
#[derive(Debug)]
pub struct Sessions {
    owner: Owner,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    /// Nothing is begun any more.
    is_closed: bool,
    begun: u64,
    sessions: BTreeMap<u64, Session>,
}

struct Session {
    samples: Box<dyn Samples>,
    /// Whoever waits for the end of the lease is told by the end of this.
    _held: mpsc::Sender<()>,
}

impl Sessions {
    /// Those of this component.
    pub fn new(owner: Owner) -> Self {
        let open = Arc::default();
        Self { owner, open }
    }

    /// Carries out an order of [`gaxx_abi::host::profile`]. `find` answers the process of a plugin,
    /// or the program's own where its name is empty. What others do takes no longer than `within`.
    pub fn carry_out(
        &self,
        order: &str,
        within: Duration,
        find: impl FnOnce(&str) -> Result<Box<dyn Subject>, ProfileError>,
    ) -> Result<Vec<u8>, ProfileError> {
        match Order::read(order)? {
            Order::Cpu(cpu) => {
                let samples = find(&cpu.plugin)?.sample(cpu.hertz, within)?;
                let lease = Duration::from_secs(cpu.seconds) + GRACE;
                let session = self.begin(samples, lease)?;
                Ok(json!({ "session": session }).to_string().into_bytes())
            }
            Order::Finish(session) => self.take(session)?.samples.finish(within),
            Order::Cancel(session) => {
                drop(self.take(session)?);
                Ok(b"{}".to_vec())
            }
            Order::Heap(heap) => find(&heap.plugin)?.heap(within),
        }
    }

    /// Gives all of them up, and begins no more.
    pub fn end(&self) {
        let mut open = self.open.lock();
        open.is_closed = true;
        let given_up = mem::take(&mut open.sessions);
        drop(open);
        // To end them takes longer than anybody should hold the lock.
        drop(given_up);
    }

    /// Keeps what is being sampled for as long as the lease says; answers the session's number.
    fn begin(&self, samples: Box<dyn Samples>, lease: Duration) -> Result<u64, ProfileError> {
        let (held, over) = mpsc::channel();
        let mut open = self.open.lock();
        if open.is_closed {
            return Err(ProfileError::Stopped);
        }
        open.begun += 1;
        let (number, owner) = (open.begun, self.owner.clone());
        let all = Arc::downgrade(&self.open);
        thread::Builder::new()
            .name("profile-lease".to_owned())
            .spawn(move || {
                if over.recv_timeout(lease) == Err(mpsc::RecvTimeoutError::Timeout) {
                    give_up(&owner, &all, number);
                }
            })
            .map_err(|error| ProfileError::System("start a thread that ends a profile", error))?;
        let session = Session {
            samples,
            _held: held,
        };
        open.sessions.insert(number, session);
        Ok(number)
    }

    fn take(&self, number: u64) -> Result<Session, ProfileError> {
        let session = self.open.lock().sessions.remove(&number);
        session.ok_or(ProfileError::Session(number))
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.end();
    }
}

fn give_up(owner: &Owner, all: &Weak<Mutex<Open>>, number: u64) {
    let Some(all) = all.upgrade() else { return };
    let session = all.lock().sessions.remove(&number);
    if session.is_some() {
        tracing::warn!(component = %owner, "a CPU profile was given up: nobody fetched it in time");
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open")
            .field("is_closed", &self.is_closed)
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
