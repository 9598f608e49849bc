//! Starts a process.

use std::{
    io,
    os::{fd::OwnedFd, unix::process::CommandExt},
    path::Path,
    process::{self, Command, Stdio},
    sync::Arc,
};

use rustix::{
    fs::{OFlags, fcntl_setfl},
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open},
};

use super::{
    limits::{self, CpuWindow},
    output::Output,
    run::{Process, Sockets},
    service::Service,
};
use crate::{config, isolation::CHILD};

/// The variables that a child has, where this program has them.
const VARIABLES: [&str; 5] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ"];

/// A process that runs, and what its attendant needs of it.
pub(super) struct Running {
    pub(super) process: Arc<Process>,
    pub(super) service: Option<Service>,
    pub(super) output: Output,
    pub(super) cpu: CpuWindow,
    pub(super) reaper: Reaper,
}

/// Ends a process with all that it started, and takes its status, so that no zombie stays. Dropped
/// before, it does both.
pub(in crate::isolation) struct Reaper(Option<process::Child>);

impl Running {
    /// Starts the process of this number of a plugin. The calling thread must live as long as it:
    /// the system ends the process with the thread.
    pub(super) fn start(
        program: &Path,
        plugin: &str,
        number: u64,
        settings: &config::Process,
    ) -> io::Result<Self> {
        let (sockets, far) = Sockets::open().map_err(io::Error::other)?;
        let (output, printed) = io::pipe()?;
        fcntl_setfl(&output, OFlags::NONBLOCK)?;
        let reaper = spawn(program, plugin, far, printed.into())?;
        let pid = reaper.pid()?;
        limits::apply(pid, settings)?;
        let cpu = CpuWindow::begin(pid, settings)?;
        let handle = pidfd_open(pid, PidfdFlags::empty())?;
        let process = Process::new(plugin, number, pid, Some(handle), &sockets);
        Ok(Self {
            process: Arc::new(process),
            service: Some(Service::new(sockets.host())),
            output: Output::new(plugin, "its process", output.into()),
            cpu,
            reaper,
        })
    }
}

fn spawn(program: &Path, plugin: &str, control: OwnedFd, output: OwnedFd) -> io::Result<Reaper> {
    let mut command = again(program, CHILD);
    command
        .arg(process::id().to_string())
        // For people who look at a list of processes.
        .arg(plugin)
        .stdin(control)
        .stdout(Stdio::from(output.try_clone()?))
        .stderr(output);
    Reaper::spawn(command)
}

/// This program once more, as what `word` says: with little of its environment, and in a group of
/// its own.
///
/// Nothing here may keep the standard library from `posix_spawn`, which costs the same however
/// large this process is; a fork does not.
pub(in crate::isolation) fn again(program: &Path, word: &str) -> Command {
    let variables = VARIABLES
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut command = Command::new(program);
    command
        .arg0("gaxx-mon")
        .arg(word)
        .env_clear()
        .envs(variables)
        // Signals of a terminal are for the core, which stops the plugin in its order.
        .process_group(0);
    command
}

impl Reaper {
    /// Starts a process. What this one holds for it is closed then.
    pub(in crate::isolation) fn spawn(mut command: Command) -> io::Result<Self> {
        Ok(Self(Some(command.spawn()?)))
    }

    /// Its number.
    pub(in crate::isolation) fn pid(&self) -> io::Result<Pid> {
        let id = self.0.as_ref().map(process::Child::id);
        id.and_then(|id| Pid::from_raw(id.try_into().ok()?))
            .ok_or_else(|| io::Error::other("the process has no number"))
    }

    /// Ends the process with all that it started, and answers its status.
    pub(in crate::isolation) fn reap(mut self) -> io::Result<process::ExitStatus> {
        self.take().unwrap_or_else(|| Err(waited_for()))
    }

    /// Waits for the end of the process, and answers its status. What it started is left alone.
    pub(in crate::isolation) fn release(mut self) -> io::Result<process::ExitStatus> {
        let child = self.0.take();
        child.map_or_else(|| Err(waited_for()), |mut child| child.wait())
    }

    fn take(&mut self) -> Option<io::Result<process::ExitStatus>> {
        // Until it is waited for, no other process can have its number.
        if let Ok(pid) = self.pid() {
            // Where nothing of the group is left this fails, and there is nothing to end.
            let _ = kill_process_group(pid, Signal::KILL);
        }
        self.0.take().map(|mut child| child.wait())
    }
}

fn waited_for() -> io::Error {
    io::Error::other("the process was waited for already")
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.take();
    }
}
