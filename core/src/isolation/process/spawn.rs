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
pub(super) struct Reaper(Option<process::Child>);

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
            output: Output::new(plugin, output.into()),
            cpu,
            reaper,
        })
    }
}

/// Nothing here may keep the standard library from `posix_spawn`, which costs the same however
/// large this process is; a fork does not.
fn spawn(program: &Path, plugin: &str, control: OwnedFd, output: OwnedFd) -> io::Result<Reaper> {
    let variables = VARIABLES
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    let child = Command::new(program)
        .arg0("gaxx-mon")
        .args([CHILD, &process::id().to_string()])
        // For people who look at a list of processes.
        .arg(plugin)
        .env_clear()
        .envs(variables)
        .stdin(control)
        .stdout(Stdio::from(output.try_clone()?))
        .stderr(output)
        // Signals of a terminal are for the core, which stops the plugin in its order.
        .process_group(0)
        .spawn()?;
    Ok(Reaper(Some(child)))
}

impl Reaper {
    fn pid(&self) -> io::Result<Pid> {
        let id = self.0.as_ref().map(process::Child::id);
        id.and_then(|id| Pid::from_raw(id.try_into().ok()?))
            .ok_or_else(|| io::Error::other("the process has no number"))
    }

    /// Waits for the end of the process, ends all it started, and answers its status.
    pub(super) fn reap(mut self) -> io::Result<process::ExitStatus> {
        self.take()
            .unwrap_or_else(|| Err(io::Error::other("the process was waited for already")))
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

impl Drop for Reaper {
    fn drop(&mut self) {
        self.take();
    }
}
