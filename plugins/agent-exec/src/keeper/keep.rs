//! The keeper of one run.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::{Errno, retry_on_intr},
    process::{
        Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, set_child_subreaper, wait,
    },
};

use super::{
    End, Order, Step, Usage,
    birth::{self, Embryo},
    cgroup::Cgroup,
    plan::Plan,
    signals::Deaths,
    tree,
    wire::{self, Message},
};

/// Waits for an order, carries it out, and returns when nothing is left of the command.
///
/// An error says that the order did not come whole, or that the system fails in what it never
/// refuses.
pub(super) fn keep(agent: &OwnedFd, cgroup: Option<&Cgroup>) -> io::Result<()> {
    // Any process stands for "yes".
    set_child_subreaper(Some(getpid()))?;
    let deaths = Deaths::watch()?;
    let Some((order, descriptors)) = wire::receive(agent.as_fd())? else {
        return Ok(()); // It was not needed.
    };
    let keeper = Keeper {
        agent: agent.as_fd(),
        deaths,
        cgroup,
    };
    let said = match begin(order, descriptors) {
        Ok(embryo) => keeper.attend(embryo)?,
        Err((step, error)) => failed(step, error),
    };
    // An agent that has gone needs no word.
    let _ = wire::send(agent.as_fd(), &said, &[]);
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

impl Keeper<'_> {
    /// Sees a command from its birth to the end of all that descends from it.
    fn attend(&self, embryo: Embryo) -> io::Result<Message> {
        let mut end = None;
        // Up to its exec the child shares this memory: nothing is done here but to wait.
        if readable([self.agent, embryo.as_fd()])? == Some(0) {
            // It cannot be another process yet: nobody but this one takes its number away.
            kill_process(embryo.pid, Signal::KILL)?;
            readable([embryo.as_fd()])?;
            return self.finish(embryo.pid, end);
        }
        let pid = match embryo.outcome() {
            Ok(pid) => pid,
            Err((step, error)) => {
                wait(WaitOptions::empty())?;
                return Ok(failed(step, error));
            }
        };
        let number = pid.as_raw_nonzero().get().unsigned_abs();
        // An agent that has gone is seen below.
        let _ = wire::send(self.agent, &Message::Started { pid: number }, &[]);
        while end.is_none() {
            if readable([self.agent, self.deaths.as_fd()])? == Some(0) {
                break;
            }
            self.deaths.forget();
            while let Reaped::One(dead, status) = reap(WaitOptions::NOHANG)? {
                if dead == pid {
                    end = Some(status);
                }
            }
        }
        self.finish(pid, end)
    }

    /// Kills what is left, until nothing is, and says how the command ended.
    fn finish(&self, command: Pid, mut end: Option<End>) -> io::Result<Message> {
        let mut cgroup = self.cgroup;
        loop {
            match reap(WaitOptions::NOHANG)? {
                Reaped::One(dead, status) => {
                    if dead == command {
                        end = Some(status);
                    }
                    continue;
                }
                Reaped::NobodyThere => break,
                Reaped::NobodyYet => {}
            }
            // Who has left the cgroup, or was never in one, is found by descent.
            if cgroup.take().is_none_or(|cgroup| cgroup.kill().is_err()) {
                tree::kill(|_| false);
            }
            // Each death may have made somebody this process's child.
            readable([self.deaths.as_fd()])?;
            self.deaths.forget();
        }
        Ok(Message::Ended {
            // It is this process's child, so it has been waited for.
            end: end.unwrap_or(End::Signal(0)),
            usage: Usage::of_children(),
        })
    }
}

/// Waits for one of these, and answers the first that is readable or closed.
fn readable<const N: usize>(sources: [BorrowedFd<'_>; N]) -> io::Result<Option<usize>> {
    let mut polled = sources.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN));
    retry_on_intr(|| poll(&mut polled, None))?;
    Ok(polled.iter().position(|source| !source.revents().is_empty()))
}

/// What became of a look for dead children.
#[derive(Debug)]
pub(super) enum Reaped {
    /// One, which ended so.
    One(Pid, End),
    /// None is dead.
    NobodyYet,
    /// There are no children.
    NobodyThere,
}

/// Takes a dead child away.
pub(super) fn reap(options: WaitOptions) -> io::Result<Reaped> {
    match retry_on_intr(|| wait(options)) {
        Ok(Some((pid, status))) => Ok(Reaped::One(pid, status.into())),
        Ok(None) => Ok(Reaped::NobodyYet),
        Err(Errno::CHILD) => Ok(Reaped::NobodyThere),
        Err(error) => Err(error.into()),
    }
}

impl From<WaitStatus> for End {
    fn from(status: WaitStatus) -> Self {
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Self::Status(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}
