//! What runs commands: the spawner, a small process of one thread, and the keepers that it forks
//! ahead of need, each of which runs one command at a time and sees to it that nothing is left.
//!
//! ```text
//! agent (this component)                    spawner                 keeper             command
//!   Keepers ── control socket ───────────────▶ forks spare keepers ─▶ waits for its order
//!           ◀── a spare's socket ──────────────
//!   Run ────── order, stdio, image ─────────────────────────────────▶ confines, execs ─▶ runs
//!       ◀───── Started, Failed, Ended ─────────────────────────────── reaps, kills
//! ```
//!
//! A keeper whose command left nothing to kill takes the next order; others end with theirs.
//!
//! A keeper adopts whatever descends from its command, so that "no child is left" is proof that
//! the whole tree is gone. It kills the tree when the command has ended, when it is told to, and
//! when its socket closes, whoever closed it: a killed agent closes it too.

mod birth;
mod cgroup;
mod failure;
mod fork;
mod keep;
mod landlock;
mod network;
mod plan;
mod pool;
mod reap;
mod run;
mod signals;
mod spawner;
mod tree;
mod wire;

#[cfg(test)]
mod tests;

use std::{ffi::OsString, fmt, os::fd::OwnedFd, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

pub(crate) use failure::{KeeperError, Step};
pub(crate) use pool::Keepers;
pub(crate) use run::{Event, Run};

#[cfg(not(test))]
gaxx_sdk::helper!("keeper" => spawner::main);
#[cfg(test)]
gaxx_sdk::helper!("keeper" => tests::spawn, "bare keeper" => tests::spawn_bare);

/// What is to be run, and how it is confined. Nothing is taken over from the agent but what is
/// named here.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The program, as an absolute path; also the first of what the program sees as its arguments.
    #[serde(with = "wire::path")]
    pub(crate) program: PathBuf,
    /// The open file whose content was checked: it is what runs, whatever `program` names by then.
    /// (A script's interpreter gets it as `/dev/fd/N`, and so sees one open file more.)
    #[serde(skip)]
    pub(crate) image: Option<OwnedFd>,
    /// The arguments behind the program's own name.
    pub(crate) arguments: Vec<OsString>,
    /// All variables; there are no others.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Where it begins, as an absolute path.
    #[serde(with = "wire::path")]
    pub(crate) folder: PathBuf,
    /// Whom it runs as; nothing: as the agent.
    pub(crate) user: Option<User>,
    /// Which bits of a new file's mode are cleared.
    pub(crate) umask: u32,
    /// What each of its processes may use.
    pub(crate) limits: Limits,
    /// Whether it has no sockets but those of this machine's file system.
    pub(crate) no_network: bool,
    /// The folders it may write beneath; the rest of the system it may read and execute.
    /// Nothing: as its user may.
    #[serde(with = "wire::paths")]
    pub(crate) landlock: Option<Vec<PathBuf>>,
}

/// A user, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// The supplementary groups.
    pub(crate) groups: Vec<u32>,
}

/// What each process of a command may use (but `processes`, which counts all of its user). What
/// is not set is as the agent has it. No core dump is ever written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// CPU time, in whole seconds: SIGXCPU then, SIGKILL a second later.
    pub(crate) cpu: Option<Duration>,
    /// Bytes of heap, stacks and what else it can write to (`RLIMIT_DATA`).
    pub(crate) memory: Option<u64>,
    /// Open files; not set: 1,024, which programs may raise to what the agent may have.
    pub(crate) files: Option<u64>,
    /// Processes of its user, whoever began them; root is not held to it.
    pub(crate) processes: Option<u64>,
    /// Bytes of a file that it writes.
    pub(crate) file_size: Option<u64>,
}

/// What this kernel allows this user. An order that asks for more fails by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // They are independent.
pub(crate) struct Abilities {
    /// Commands may run as another user: the agent is root.
    pub(crate) users: bool,
    /// Landlock, of a version that keeps files from being cut too (Linux 6.2).
    pub(crate) landlock: bool,
    /// A filter of system calls can take the network away.
    pub(crate) no_network: bool,
    /// Each run has a cgroup of its own, which ends it at once and outlasts its keeper.
    pub(crate) cgroup: bool,
}

/// `another user, Landlock; not possible here: no network, a cgroup for each run`.
impl fmt::Display for Abilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.users, "another user"),
            (self.landlock, "Landlock"),
            (self.no_network, "no network"),
            (self.cgroup, "a cgroup for each run"),
        ];
        let those = |wanted: bool| {
            let names = all.iter().filter(|(able, _)| *able == wanted);
            names.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
        };
        match (those(true), those(false)) {
            (able, unable) if unable.is_empty() => f.write_str(&able),
            (able, unable) if able.is_empty() => write!(f, "nothing of: {unable}"),
            (able, unable) => write!(f, "{able}; not possible here: {unable}"),
        }
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum End {
    /// With this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

/// What a command and all that descended from it used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// CPU time in its own code.
    pub(crate) user: Duration,
    /// CPU time in the kernel.
    pub(crate) system: Duration,
    /// Bytes that the greatest of its processes had resident at most; never less than what the
    /// keeper had when it began the command.
    pub(crate) peak_memory: u64,
}
