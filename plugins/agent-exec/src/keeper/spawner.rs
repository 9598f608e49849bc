//! The process that keepers are forked from.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    path::PathBuf,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::{read, retry_on_intr},
    process::{Pid, getpid, set_child_subreaper, setsid},
};

use super::{
    Abilities, End,
    cgroup::{self, Cgroup, Cgroups},
    fork::fork,
    keep::keep,
    landlock, network,
    reap::{Reaped, reap, wait},
    signals::{self, Deaths},
    tree, wire,
};

/// What the helper process runs: says what can be had here, and then answers each byte on its
/// socket with a keeper's socket. Ends with the agent, and returns in each keeper too.
pub(super) fn main(agent: OwnedFd) -> gaxx_sdk::Result<()> {
    spawn(agent, Cgroups::open)
}

/// The same with other cgroups, or none.
pub(super) fn spawn(
    agent: OwnedFd,
    cgroups: impl FnOnce() -> Option<Cgroups>,
) -> gaxx_sdk::Result<()> {
    if let Some(born) = serve(&agent, cgroups)? {
        // Nothing of the spawner's is open here but what the keeper needs.
        drop(agent);
        keep(&born.agent, born.cgroup.as_ref())?;
    }
    Ok(())
}

/// What a keeper begins with.
struct Born {
    agent: OwnedFd,
    cgroup: Option<Cgroup>,
}

struct Spawner {
    deaths: Deaths,
    cgroups: Option<Cgroups>,
    /// Those that live, and their cgroups.
    keepers: BTreeMap<i32, Option<PathBuf>>,
}

/// Serves until the agent has gone, or, in a keeper, until it was forked.
fn serve(agent: &OwnedFd, cgroups: impl FnOnce() -> Option<Cgroups>) -> io::Result<Option<Born>> {
    // What a terminal sends to the agent's group is not meant for runs. It leads one already: the
    // same.
    let _ = setsid();
    signals::hold_off()?;
    fill_streams()?;
    // Who loses his keeper comes here.
    set_child_subreaper(Some(getpid()))?;
    let mut spawner = Spawner {
        deaths: Deaths::watch()?,
        cgroups: cgroups(),
        keepers: BTreeMap::new(),
    };
    let abilities = spawner.abilities()?;
    // One that has gone already is noticed below.
    let _ = wire::send(agent.as_fd(), &abilities, &[]);
    loop {
        let mut sources = [
            PollFd::new(agent, PollFlags::IN),
            PollFd::new(&spawner.deaths, PollFlags::IN),
        ];
        retry_on_intr(|| poll(&mut sources, None))?;
        let [asked, died] = sources.map(|source| !source.revents().is_empty());
        if died {
            spawner.deaths.forget();
            while let Reaped::One(dead, end, _) = reap()? {
                spawner.bury(dead, end);
            }
        }
        if asked {
            let mut orders = [0; 64];
            // One that died with something unread resets the connection.
            let asked = retry_on_intr(|| read(agent, &mut orders)).unwrap_or(0);
            if asked == 0 {
                break;
            }
            for _ in 0..asked {
                match spawner.spare(agent.as_fd()) {
                    Ok(Some(born)) => return Ok(Some(born)),
                    Ok(None) => {}
                    // An answer without a socket: who asked must not wait for ever.
                    Err(_) => drop(wire::send(agent.as_fd(), &(), &[])),
                }
            }
        }
    }
    // Each keeper has seen the end of its agent by itself, and ends its command.
    while !spawner.keepers.is_empty() {
        if let Reaped::One(dead, end, _) = wait()? {
            spawner.bury(dead, end);
        }
    }
    if let Some(cgroups) = spawner.cgroups {
        cgroups.close();
    }
    Ok(None)
}

/// The first three descriptors are somebody's, so that no other gets their numbers.
fn fill_streams() -> io::Result<()> {
    loop {
        let null = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/null")?;
        if null.as_raw_fd() > 2 {
            return Ok(());
        }
        // It stays open for good.
        std::mem::forget(null);
    }
}

impl Spawner {
    /// Fails where nothing tells who descends from whom.
    fn abilities(&self) -> io::Result<Abilities> {
        if !tree::is_visible() {
            return Err(io::Error::other(
                "this kernel does not show the children of processes, so commands could not be \
                 ended: it needs CONFIG_PROC_CHILDREN, and /proc mounted",
            ));
        }
        Ok(Abilities {
            users: rustix::process::geteuid().is_root(),
            landlock: landlock::is_there(),
            no_network: network::is_there(),
            cgroup: self.cgroups.is_some(),
        })
    }

    /// Forks a keeper, and passes its socket to the agent; answers what it begins with in the
    /// keeper, and nothing here.
    fn spare(&mut self, agent: BorrowedFd<'_>) -> io::Result<Option<Born>> {
        let (near, far) = wire::pair()?;
        let cgroup = self
            .cgroups
            .as_mut()
            .and_then(|cgroups| cgroups.make().ok());
        let forked = match &cgroup {
            // Somebody may have forbidden it since: a run has a keeper nevertheless.
            Some(cgroup) => fork(Some(cgroup.as_fd())).or_else(|_| fork(None)),
            None => fork(None),
        };
        let Some(keeper) = forked? else {
            return Ok(Some(Born { agent: far, cgroup }));
        };
        let path = cgroup.map(|cgroup| cgroup.path().to_owned());
        self.keepers.insert(keeper.as_raw_nonzero().get(), path);
        // Where the agent has gone the next look at it tells.
        let _ = wire::send(agent, &(), &[near.as_fd()]);
        Ok(None)
    }

    /// Ends what a dead keeper, or a stranger whom it has left, could not end any more.
    fn bury(&mut self, dead: Pid, end: End) {
        let cgroup = self.keepers.remove(&dead.as_raw_nonzero().get());
        if let Some(path) = cgroup.flatten() {
            cgroup::remove(&path);
        }
        // One that ended by itself has left nobody.
        if end != End::Status(0) {
            tree::kill(|child| self.keepers.contains_key(&child.as_raw_nonzero().get()));
        }
    }
}
