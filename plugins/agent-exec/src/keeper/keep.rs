//! The keeper: carries out one order at a time.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::{Errno, retry_on_intr},
    process::{Pid, Signal, getpid, kill_process, set_child_subreaper},
};

use super::{
    End, Order, Step, Usage,
    birth::{self, Embryo},
    cgroup::Cgroup,
    plan::Plan,
    reap::{Reaped, reap, wait},
    signals::Deaths,
    tree,
    wire::{self, Message},
};

/// Carries out orders, one after another. Returns when there are no more, or after one that was
/// not as usual: what had to be killed, or could not be begun, leaves nothing to the next.
///
/// An error says that an order did not come whole, or that the system fails in what it never
/// refuses.
pub(super) fn keep(agent: &OwnedFd, cgroup: Option<&Cgroup>) -> io::Result<()> {
    // Any process stands for "yes".
    set_child_subreaper(Some(getpid()))?;
    let keeper = Keeper {
        agent: agent.as_fd(),
        deaths: Deaths::watch()?,
        cgroup,
    };
    while let Some((order, descriptors)) = wire::receive(agent.as_fd())? {
        let said = match begin(order, descriptors) {
            Ok(embryo) => keeper.attend(embryo)?,
            Err((step, error)) => failed(step, error),
        };
        // An agent that has gone needs no word.
        let _ = wire::send(agent.as_fd(), &said, &[]);
        if !matches!(said, Message::Ended { is_ready: true, .. }) {
            break;
        }
    }
    Ok(())
}

fn begin(mut order: Order, descriptors: Vec<OwnedFd>) -> Result<Embryo, (Step, Errno)> {
    let mut descriptors = descriptors.into_iter();
    let mut next = || descriptors.next().ok_or((Step::Order, Errno::BADF));
    // They are closed here once the command has them: its outputs end when it does.
    let streams = [next()?, next()?, next()?];
    order.image = next().ok();
    birth::begin(Plan::new(order)?, &streams)
}

fn failed(step: Step, error: Errno) -> Message {
    let errno = error.raw_os_error();
    Message::Failed { step, errno }
}

struct Keeper<'a> {
    agent: BorrowedFd<'a>,
    deaths: Deaths,
    cgroup: Option<&'a Cgroup>,
}

/// What is known of a command so far.
struct Known {
    command: Pid,
    end: Option<End>,
    usage: Usage,
}

impl Keeper<'_> {
    /// Sees a command from its birth to the end of all that descends from it.
    fn attend(&self, embryo: Embryo) -> io::Result<Message> {
        let mut known = Known {
            command: embryo.pid,
            end: None,
            usage: Usage::default(),
        };
        // Up to its exec the child shares this memory: nothing is done here but to wait.
        if readable([self.agent, embryo.as_fd()])? == Some(0) {
            // Nobody but this process takes its number away, so it is nobody else's.
            kill_process(embryo.pid, Signal::KILL)?;
            drop(embryo);
            return self.finish(known);
        }
        if let Err((step, error)) = embryo.outcome() {
            // It ends at once, and has begun nobody.
            wait()?;
            return Ok(failed(step, error));
        }
        let pid = known.command.as_raw_nonzero().get().unsigned_abs();
        // An agent that has gone is seen below.
        let _ = wire::send(self.agent, &Message::Started { pid }, &[]);
        while known.end.is_none() {
            if readable([self.agent, self.deaths.as_fd()])? == Some(0) {
                break;
            }
            self.deaths.forget();
            known.take_dead()?;
        }
        self.finish(known)
    }

    /// Kills what is left, until nothing is, and says how the command ended.
    fn finish(&self, mut known: Known) -> io::Result<Message> {
        let mut is_ready = true;
        let mut cgroup = self.cgroup;
        while known.take_dead()? {
            // It leaves its own cgroup to kill it, and cannot come back in a short time.
            is_ready = false;
            // Who has left the cgroup, or was never in one, is found by descent.
            if cgroup.take().is_none_or(|cgroup| cgroup.kill().is_err()) {
                tree::kill(|_| false);
            }
            // Each death may have made somebody this process's child.
            self.next_death()?;
        }
        Ok(Message::Ended {
            // It is this process's child, so it has been waited for.
            end: known.end.unwrap_or(End::Signal(0)),
            usage: known.usage,
            is_ready,
        })
    }

    fn next_death(&self) -> io::Result<()> {
        readable([self.deaths.as_fd()])?;
        self.deaths.forget();
        Ok(())
    }
}

impl Known {
    /// Takes the dead away, and says whether there are others.
    fn take_dead(&mut self) -> io::Result<bool> {
        loop {
            match reap()? {
                Reaped::One(dead, end, usage) => {
                    self.usage.add(usage);
                    if dead == self.command {
                        self.end = Some(end);
                    }
                }
                Reaped::NobodyYet => return Ok(true),
                Reaped::NobodyThere => return Ok(false),
            }
        }
    }
}

/// Waits for one of these, and answers the first that is readable or closed.
fn readable<const N: usize>(sources: [BorrowedFd<'_>; N]) -> io::Result<Option<usize>> {
    let mut polled = sources.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN));
    retry_on_intr(|| poll(&mut polled, None))?;
    Ok(polled
        .iter()
        .position(|source| !source.revents().is_empty()))
}
