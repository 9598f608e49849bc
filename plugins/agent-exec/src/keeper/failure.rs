//! Why a command did not run, and what to do.

use std::{fmt, io};

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::Order;

/// Why there is no word from a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeeperError {
    /// The process that forks keepers could not be started.
    #[error("the process that runs commands could not be started: {0}")]
    Spawner(String),
    /// It ended, and so did the next one.
    #[error(
        "the process that runs commands has ended twice; look for its last words in the log, and \
         whether the machine has run out of memory or processes"
    )]
    Gone,
    /// No process could be forked for the run.
    #[error(
        "there is no room for one more process; end some, or raise the limit of the service \
         (TasksMax in systemd), of its user or of the machine"
    )]
    NoRoom,
    /// The run's keeper was killed, and the command with it.
    #[error(
        "the keeper of this run was killed, by somebody or by the kernel for want of memory; \
         nothing is known of the command's end, and it was killed too"
    )]
    Lost,
    /// The socket to the keeper failed.
    #[error("the keeper of this run cannot be reached: {0}")]
    Socket(#[from] io::Error),
}

/// What has to be done before a command runs, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum Step {
    /// The order is read.
    Order,
    /// The rules of Landlock are made.
    Rules,
    /// A process is forked.
    Fork,
    /// It begins a session of its own.
    Session,
    /// Its umask is set.
    Umask,
    /// Its limits are set.
    Limits,
    /// It gets its input and its outputs.
    Streams,
    /// All other files are closed.
    Descriptors,
    /// It joins its groups.
    Groups,
    /// It becomes its user.
    User,
    /// It enters its folder.
    Folder,
    /// It is bound to its keeper.
    Bond,
    /// It gives up gaining privileges.
    Privileges,
    /// It puts itself under Landlock.
    Landlock,
    /// It gives up the network.
    Network,
    /// It lets signals through.
    Signals,
    /// It becomes the program.
    Exec,
}

impl Step {
    /// All, in order: the number of each is its place.
    pub(super) const ALL: [Self; 17] = [
        Self::Order,
        Self::Rules,
        Self::Fork,
        Self::Session,
        Self::Umask,
        Self::Limits,
        Self::Streams,
        Self::Descriptors,
        Self::Groups,
        Self::User,
        Self::Folder,
        Self::Bond,
        Self::Privileges,
        Self::Landlock,
        Self::Network,
        Self::Signals,
        Self::Exec,
    ];

    /// A word for programs.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Rules | Self::Landlock => "landlock",
            Self::Fork => "fork",
            Self::Session => "session",
            Self::Umask => "umask",
            Self::Limits => "limits",
            Self::Streams => "streams",
            Self::Descriptors => "descriptors",
            Self::Groups => "groups",
            Self::User => "user",
            Self::Folder => "folder",
            Self::Bond => "bond",
            Self::Privileges => "no_new_privs",
            Self::Network => "no_network",
            Self::Signals => "signals",
            Self::Exec => "exec",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// Of an order, what a remedy names.
#[derive(Debug)]
pub(super) struct Names {
    program: String,
    folder: String,
    uid: Option<u32>,
}

impl Names {
    pub(super) fn of(order: &Order) -> Self {
        Self {
            program: order.program.display().to_string(),
            folder: order.folder.display().to_string(),
            uid: order.user.as_ref().map(|user| user.uid),
        }
    }

    /// What to do where this step failed so.
    pub(super) fn remedy(&self, step: Step, error: Errno) -> String {
        let Self {
            program, folder, ..
        } = self;
        match (step, error) {
            (Step::Exec, error) => self.of_exec(error),
            (Step::Folder, Errno::NOENT | Errno::NOTDIR) => {
                format!("make the working folder {folder}, or name another one")
            }
            (Step::Folder, _) => {
                format!("let {} enter {folder}, or name another folder", self.user())
            }
            (Step::Groups | Step::User, Errno::AGAIN) => format!(
                "{} has as many processes as it may have; end some, or raise the limit",
                self.user()
            ),
            (Step::Groups | Step::User, _) => {
                "only an agent that runs as root can run commands as another user; run it so, or \
                 take the user out of the policy and the request"
                    .to_owned()
            }
            (Step::Rules | Step::Landlock, Errno::OPNOTSUPP | Errno::NOSYS) => {
                "this kernel has no Landlock, or an old one (Linux 6.2 is needed, with \
                 lsm=landlock); take `landlock` out of the policy if you can do without"
                    .to_owned()
            }
            (Step::Rules, Errno::NOENT) => {
                "make the writable folders that the policy names".to_owned()
            }
            (Step::Network, _) => {
                "this kernel cannot filter system calls (CONFIG_SECCOMP_FILTER); take \
                 `no_network` out of the policy if you can do without"
                    .to_owned()
            }
            (Step::Fork, Errno::AGAIN | Errno::NOMEM) => {
                "the machine, the user or the service has no room for one more process; end some, \
                 or raise the limit (TasksMax in systemd)"
                    .to_owned()
            }
            (Step::Order, Errno::TOOBIG) => {
                "send less in arguments and environment; a file or the input takes any amount"
                    .to_owned()
            }
            (Step::Order, Errno::INVAL) => {
                "take the zero byte out of the arguments or the environment".to_owned()
            }
            _ => format!("run {program} by hand as {}", self.user()),
        }
    }

    fn of_exec(&self, error: Errno) -> String {
        let Self { program, .. } = self;
        match error {
            Errno::NOENT if std::path::Path::new(program).exists() => {
                "the interpreter in its first line (`#!`) is not there, or the loader it was built \
                 for; install it, or correct the line"
                    .to_owned()
            }
            Errno::NOENT | Errno::NOTDIR => format!("install {program}, or correct the path"),
            Errno::ACCESS | Errno::PERM => {
                format!(
                    "make it executable for {}: chmod a+rx {program}",
                    self.user()
                )
            }
            Errno::NOEXEC => {
                "begin a script with a line such as #!/bin/sh, and use a program built for this \
                 machine"
                    .to_owned()
            }
            Errno::TXTBSY => {
                format!("{program} is being written; put a new version in place by a rename")
            }
            Errno::TOOBIG => {
                "send less in arguments and environment; a file or the input takes any amount"
                    .to_owned()
            }
            Errno::AGAIN => format!(
                "{} has as many processes as it may have; end some, or raise the limit",
                self.user()
            ),
            Errno::NOMEM => "the memory limit does not let it begin; raise it".to_owned(),
            _ => format!("run {program} by hand as {}", self.user()),
        }
    }

    fn user(&self) -> String {
        self.uid.map_or_else(
            || "the agent's user".to_owned(),
            |uid| format!("the user {uid}"),
        )
    }
}
