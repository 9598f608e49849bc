//! Helpers in unit tests: each runs in a process of its own, as in gaxx-mon.
//!
//! The process is this test program once more, run for the one test that `helper!` has made. So it
//! has a second thread, which sleeps: that of the test harness.

use std::{
    env,
    fs::File,
    io::{self, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::{net::UnixStream, process::CommandExt},
    },
    process::{Command, ExitStatus, Stdio, exit},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use rustix::{
    process::{Pid, Signal, kill_process},
    stdio::dup2_stdin,
};

use crate::{Error, ErrorKind, Explain, Result, declare::HelperEntry, inventory};

/// Set for a helper's process: its name.
const NAME: &str = "GAXX_SDK_TEST_HELPER";
/// What a helper has of the environment besides that, as in gaxx-mon.
const VARIABLES: [&str; 5] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ"];
/// How long a helper may take to end once its socket has. In gaxx-mon it has 5 s, on a machine that
/// does not run tests.
const LIMIT: Duration = Duration::from_secs(30);
/// What a helper that panicked exits with here, as a test harness does.
const PANICKED: i32 = 101;

/// A helper's process.
pub(super) struct Running {
    pid: u32,
    ended: Receiver<io::Result<ExitStatus>>,
}

/// Starts the helper of this name. Somebody waits for its end in any case.
pub(super) fn start(name: &str) -> Result<(OwnedFd, Running)> {
    let test = test_of(name)?;
    let (near, far) = UnixStream::pair()?;
    let variables = VARIABLES
        .iter()
        .filter_map(|name| Some((name, env::var_os(name)?)));
    let mut child = Command::new(env::current_exe()?)
        .args([test, "--exact", "--include-ignored", "--nocapture"])
        .arg("--test-threads=1")
        .env_clear()
        .envs(variables)
        .env(NAME, name)
        .stdin(OwnedFd::from(far))
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .explain(|| format!("helper {name} does not start"))?;
    let pid = child.id();
    let (sender, ended) = channel();
    thread::spawn(move || {
        // Not everybody wants to know.
        let _ = sender.send(child.wait());
    });
    Ok((near.into(), Running { pid, ended }))
}

/// The test that runs a helper.
fn test_of(name: &str) -> Result<&'static str> {
    let mut named = inventory::iter::<HelperEntry>()
        .filter(|helper| helper.name == name)
        .peekable();
    if named.peek().is_none() {
        let message = format!("no helper {name} is declared");
        return Err(Error::new(ErrorKind::Unknown, message));
    }
    let test = named.find_map(|helper| helper.test).ok_or_else(|| {
        let message = format!("helper {name} is not declared in the crate under test");
        Error::new(ErrorKind::Refused, message)
            .remedy("test it in the crate that declares it, beside its code")
    })?;
    // The harness leaves out the crate's name.
    Ok(test.split_once("::").map_or(test, |(_, test)| test))
}

/// Sees that each of these helpers ends soon after its socket. In a process that was started for a
/// helper it is that helper.
///
/// # Panics
///
/// If one does not, or panics.
pub fn helpers_end(names: &[&str]) {
    if let Ok(name) = env::var(NAME) {
        be(&name);
    }
    for name in names {
        let end = start(name).and_then(|(socket, running)| {
            drop(socket);
            running.end()
        });
        match end {
            Ok(status) if status.code().is_some_and(|code| code != PANICKED) => {}
            Ok(status) => panic!("helper {name} ended with {status}"),
            Err(error) => panic!("helper {name}: {error}"),
        }
    }
}

impl Running {
    /// How it has ended, once it has.
    pub(super) fn end(self) -> Result<ExitStatus> {
        if let Ok(status) = self.ended.recv_timeout(LIMIT) {
            return Ok(status?);
        }
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It has gone where this fails.
            let _ = kill_process(pid, Signal::KILL);
        }
        let seconds = LIMIT.as_secs();
        let message = format!("it did not end within {seconds} s after its socket did");
        Err(Error::failed(message).remedy("return when reading from the socket gives nothing more"))
    }
}

/// Makes this process the helper of this name.
fn be(name: &str) -> ! {
    let mut helpers = inventory::iter::<HelperEntry>();
    let helper = helpers.find(|helper| helper.name == name && helper.test.is_some());
    let helper = helper.ok_or_else(|| Error::failed("it is not declared any more"));
    let ended = helper.and_then(|helper| helper.run(socket()?));
    if let Err(error) = ended {
        // Where nobody reads it nothing can be told.
        let _ = writeln!(io::stderr(), "helper {name}: {error}");
        exit(match error.kind() {
            ErrorKind::Panic => PANICKED,
            _ => 1,
        });
    }
    exit(0)
}

/// Moves the socket away from standard input, which all that is started can read.
fn socket() -> io::Result<OwnedFd> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    dup2_stdin(File::open("/dev/null")?)?;
    Ok(socket)
}
