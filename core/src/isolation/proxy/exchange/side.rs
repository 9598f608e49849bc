//! A socket on which a child asks, and what answers.

use std::{
    io,
    os::fd::OwnedFd,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use gaxx_abi::Fault;
use rustix::{
    event::{self, PollFd, PollFlags, Timespec},
    net::{Shutdown, shutdown},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Semaphore;

use super::{Accuse, THREADS, refused};
use crate::isolation::wire::{Channel, WireError};

/// How long a message that has begun may take to come, and its answer to be taken.
pub(in crate::isolation::proxy) const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether anybody still needs what the plugin keeps and does not use.
const LOOK: Duration = Duration::from_secs(10);
/// Room on the stack of a thread: a message in its turn, no plugin's code.
const STACK: usize = 256 << 10;

/// What answers on a side.
pub(super) trait Served: Send + 'static {
    /// The name of a thread that serves it.
    const THREAD: &'static str;
    /// What is asked.
    type Ask: DeserializeOwned + Send + 'static;
    /// What is answered.
    type Told: Serialize;

    /// Whether the answer may have to wait for the caller.
    fn may_wait(&self, ask: &Self::Ask) -> bool;
    /// The answer, and whether there will be no other question.
    fn answer(&mut self, ask: Self::Ask) -> (Self::Told, bool);
    /// The answer that it is not served any more.
    fn refusal(fault: Fault) -> Self::Told;
    /// Whether nobody needs it any more.
    fn is_forsaken(&self) -> bool;
}

/// Core's end of a socket, and what answers there.
pub(super) struct Side<S> {
    socket: Arc<OwnedFd>,
    channel: Channel,
    served: S,
    accuse: Accuse,
}

/// What came of looking at a side.
pub(super) enum Step<Ask> {
    /// Something was answered.
    More,
    /// The plugin has dropped its end, or the child has gone.
    Over,
    /// The answer to this may have to wait.
    Waits(Ask),
}

impl<S: Served> Side<S> {
    pub(super) fn new(socket: OwnedFd, limit: usize, served: S, accuse: Accuse) -> Self {
        let socket = Arc::new(socket);
        Self {
            channel: Channel::new(Arc::clone(&socket), limit),
            socket,
            served,
            accuse,
        }
    }

    pub(super) fn socket(&self) -> &Arc<OwnedFd> {
        &self.socket
    }

    /// Takes what is asked and answers it, unless that may have to wait.
    pub(super) fn step(&mut self, until: Instant) -> Step<S::Ask> {
        let until = until.min(Instant::now() + PATIENCE);
        match self.channel.receive::<S::Ask>(Some(until)) {
            Ok(ask) if self.served.may_wait(&ask) => Step::Waits(ask),
            Ok(ask) => self.answer(ask),
            Err(error) => self.broken(&error),
        }
    }

    /// Has a thread of its own serve it, from this question on; the answer ends with the thread.
    /// Where there can be no other thread the plugin is told so, and it is over.
    pub(super) fn depart(
        mut self,
        threads: &Arc<Semaphore>,
        ask: Option<S::Ask>,
    ) -> Result<mpsc::Receiver<()>, Fault> {
        let Ok(permit) = Arc::clone(threads).try_acquire_owned() else {
            let fault = refused(format!(
                "{THREADS} bodies and replies of this endpoint are at work or kept already"
            ));
            if ask.is_some() {
                // It may have gone.
                let _ = self.tell(&S::refusal(fault.clone()));
            }
            return Err(fault);
        };
        let (running, over) = mpsc::channel();
        let run = move || {
            self.run(ask);
            drop((permit, running));
        };
        let thread = thread::Builder::new()
            .name(S::THREAD.to_owned())
            .stack_size(STACK);
        thread
            .spawn(run)
            .map(|_| over)
            .map_err(|error| failed(&error))
    }

    fn run(mut self, ask: Option<S::Ask>) {
        let mut step = ask.map_or(Step::More, |ask| self.answer(ask));
        while !matches!(step, Step::Over) {
            step = if self.wait() {
                match self.channel.receive(Some(Instant::now() + PATIENCE)) {
                    Ok(ask) => self.answer(ask),
                    Err(error) => self.broken(&error),
                }
            } else if self.served.is_forsaken() {
                Step::Over
            } else {
                Step::More
            };
        }
        // Somebody else may hold the socket for a moment longer.
        let _ = shutdown(&self.socket, Shutdown::Both);
    }

    /// Whether there is something to read before it is time to look after it.
    fn wait(&self) -> bool {
        let mut ready = [PollFd::new(&self.socket, PollFlags::IN)];
        poll(&mut ready, Instant::now() + LOOK)
    }

    fn answer(&mut self, ask: S::Ask) -> Step<S::Ask> {
        let (told, last) = self.served.answer(ask);
        match self.tell(&told) {
            Ok(()) if last => Step::Over,
            Ok(()) => Step::More,
            Err(error) => self.broken(&error),
        }
    }

    fn tell(&mut self, told: &S::Told) -> Result<(), WireError> {
        self.channel.send(told, Some(Instant::now() + PATIENCE))
    }

    fn broken(&self, error: &WireError) -> Step<S::Ask> {
        match error {
            WireError::Closed | WireError::System(_) => {}
            WireError::Late | WireError::TooLarge { .. } | WireError::Garbage(_) => {
                (self.accuse)(error);
            }
        }
        Step::Over
    }
}

/// Waits until one of the sockets is ready; answers whether one was in time.
pub(super) fn poll(sockets: &mut [PollFd<'_>], until: Instant) -> bool {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // Longer than the system can count is for ever.
        let left = Timespec::try_from(left).ok();
        match event::poll(sockets, left.as_ref()) {
            Ok(ready) => return ready > 0,
            // The one other reason is want of memory, which passes.
            Err(_) if Instant::now() >= until => return false,
            Err(_) => {}
        }
    }
}

/// Whether nobody has the other end of the socket any more, whatever is still to be read.
pub(super) fn is_left(socket: &OwnedFd) -> bool {
    let mut ready = [PollFd::new(socket, PollFlags::empty())];
    let looked = event::poll(&mut ready, Some(&Timespec::default()));
    looked.is_ok() && ready[0].revents().contains(PollFlags::HUP)
}

/// The system refuses a thread or a socket.
pub(super) fn failed(error: &io::Error) -> Fault {
    refused(format!("the body or the reply cannot be served: {error}"))
}
