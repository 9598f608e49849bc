//! The body and the reply of a request that is answered in a child.
//!
//! The thread that waits for the endpoint's call to return serves both sockets as long as nothing
//! there makes it wait, which is enough for a short answer to a request whose body nobody reads.
//! What may wait, and what the plugin keeps after its call, gets a thread of its own: one for the
//! body from its first read on, one for the reply from its second piece on. An endpoint has at
//! most [`THREADS`] of them.

mod body;
mod reply;
mod side;
#[cfg(test)]
mod tests;

use std::{
    os::fd::{BorrowedFd, OwnedFd},
    sync::{Arc, mpsc},
    time::Instant,
};

use gaxx_abi::{BodyBox, Fault, ReplyBox, abi_std::RVec, fault::kind};
use rustix::event::{PollFd, PollFlags};
use tokio::sync::Semaphore;

pub(super) use self::side::PATIENCE;
use self::{
    body::Incoming,
    reply::Answer,
    side::{Side, Step},
};
use crate::isolation::wire::{
    WireError,
    descriptor::pair,
    message::{BODY, REPLY},
};

/// The threads that bodies and replies of one endpoint may have at once. A call at work has two
/// at most; the rest is for replies that are kept.
const THREADS: usize = 256;

/// Told what a child sent that cannot be read.
pub(super) type Accuse = Arc<dyn Fn(&WireError) + Send + Sync>;

/// What the exchanges of one endpoint share: the threads that there may still be.
#[derive(Clone)]
pub(super) struct Exchanges(Arc<Semaphore>);

/// The body and the reply of one request.
pub(super) struct Exchange {
    threads: Arc<Semaphore>,
    /// Until somebody reads it; a thread has it then.
    body: Option<Side<Incoming>>,
    reply: Replying,
}

enum Replying {
    Here(Side<Answer>),
    /// A thread serves it. The socket is the same one; the channel ends when the thread does.
    Away(Arc<OwnedFd>, mpsc::Receiver<()>),
    Over,
}

impl Default for Exchanges {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(THREADS)))
    }
}

impl Exchanges {
    /// Core's part of an exchange, and the child's ends of its body and its reply. What cannot be
    /// read there is told to `accuse`, from any thread.
    pub(super) fn begin(
        &self,
        body: BodyBox,
        reply: ReplyBox,
        accuse: Accuse,
    ) -> Result<(Exchange, [OwnedFd; 2]), Fault> {
        let pair = || pair().map_err(|errno| side::failed(&errno.into()));
        let (body_near, body_far) = pair()?;
        let (reply_near, reply_far) = pair()?;
        let answer = Answer::new(reply);
        let incoming = Incoming::new(body, &answer);
        let body = Side::new(body_near, BODY, incoming, Arc::clone(&accuse));
        let reply = Side::new(reply_near, REPLY, answer, accuse);
        let exchange = Exchange {
            threads: Arc::clone(&self.0),
            body: Some(body),
            reply: Replying::Here(reply),
        };
        Ok((exchange, [body_far, reply_far]))
    }
}

impl Exchange {
    /// Serves until there is something to read on the call's line, or the time is over.
    pub(super) fn serve(&mut self, line: BorrowedFd<'_>, until: Instant) {
        loop {
            // The line first: what the plugin did before it answered is seen with its answer.
            let mut ready = vec![PollFd::from_borrowed_fd(line, PollFlags::IN)];
            let reply = self.reply.here().map(|side| watch(&mut ready, side));
            let body = self.body.as_ref().map(|side| watch(&mut ready, side));
            if !side::poll(&mut ready, until) {
                return;
            }
            let is = |place: usize| !ready[place].revents().is_empty();
            let (line, reply, body) = (is(0), reply.is_some_and(is), body.is_some_and(is));
            if reply {
                self.step_reply(until);
            }
            if body {
                self.step_body(until);
            }
            if line {
                return;
            }
        }
    }

    /// The call has returned: threads go on with what the plugin keeps. What it dropped is over
    /// when this returns, so that it is known what became of the reply.
    pub(super) fn settle(mut self, until: Instant) -> Result<(), Fault> {
        if let Some(body) = self.body.take_if(|body| !side::is_left(body.socket())) {
            // Where it cannot be kept, its end says so.
            let _ = body.depart(&self.threads, None);
        }
        if let Replying::Here(_) = self.reply {
            self.send_away(None)?;
        }
        if let Replying::Away(socket, over) = &self.reply
            && side::is_left(socket)
        {
            // Over, or too slow a caller, for whom nobody waits.
            let _ = over.recv_timeout(until.saturating_duration_since(Instant::now()));
        }
        Ok(())
    }

    // Who cannot have a thread is told so, and that is the end of it.

    fn step_reply(&mut self, until: Instant) {
        let Replying::Here(side) = &mut self.reply else {
            return;
        };
        match side.step(until) {
            Step::More => {}
            Step::Over => self.reply = Replying::Over,
            Step::Waits(ask) => {
                let _ = self.send_away(Some(ask));
            }
        }
    }

    fn step_body(&mut self, until: Instant) {
        if let Some(mut side) = self.body.take() {
            match side.step(until) {
                Step::More => self.body = Some(side),
                Step::Over => {}
                Step::Waits(ask) => {
                    let _ = side.depart(&self.threads, Some(ask));
                }
            }
        }
    }

    fn send_away(&mut self, ask: Option<reply::Ask>) -> Result<(), Fault> {
        if let Replying::Here(side) = std::mem::replace(&mut self.reply, Replying::Over) {
            let socket = Arc::clone(side.socket());
            let over = side.depart(&self.threads, ask)?;
            self.reply = Replying::Away(socket, over);
        }
        Ok(())
    }
}

impl Replying {
    fn here(&self) -> Option<&Side<Answer>> {
        match self {
            Self::Here(side) => Some(side),
            Self::Away(..) | Self::Over => None,
        }
    }
}

/// Adds the side's socket to those that are waited for; answers its place.
fn watch<'a, S: side::Served>(ready: &mut Vec<PollFd<'a>>, side: &'a Side<S>) -> usize {
    ready.push(PollFd::new(side.socket(), PollFlags::IN));
    ready.len() - 1
}

fn refused(message: String) -> Fault {
    Fault {
        kind: kind::LIMIT,
        message: message.into(),
        remedy: "the plugin should finish replies, and drop what it does not need".into(),
        retry_after: 0,
        attributes: RVec::new(),
    }
}
