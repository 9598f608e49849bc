//! Commands, run by keepers of a spawner that is a process of its own, as in gaxx-mon.
#![allow(clippy::unwrap_used)]

mod confined;
mod encoding;
mod ended;
mod refused;
mod speed;
mod steady;

use std::{
    fs,
    io::{PipeReader, Read, pipe},
    os::fd::OwnedFd,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use gaxx_sdk::testing;
use rustix::process::{WaitOptions, wait};

use super::{End, Event, Keepers, Limits, Order, Run, Step, Usage, fork::fork, spawner};

/// A spawner.
pub(super) fn spawn(agent: OwnedFd) -> gaxx_sdk::Result<()> {
    alone(agent, spawner::main)
}

/// A spawner that makes no cgroups, as where it may not.
pub(super) fn spawn_bare(agent: OwnedFd) -> gaxx_sdk::Result<()> {
    alone(agent, |agent| spawner::spawn(agent, || None))
}

/// Runs it in a copy of this process: the test harness has a thread more, which takes signals.
fn alone(agent: OwnedFd, main: fn(OwnedFd) -> gaxx_sdk::Result<()>) -> gaxx_sdk::Result<()> {
    if fork(None)?.is_none() {
        return main(agent);
    }
    drop(agent);
    wait(WaitOptions::empty())?;
    Ok(())
}

fn keepers() -> Keepers {
    Keepers::start(&testing::host(), 2).unwrap()
}

/// Without cgroups.
fn bare_keepers() -> Keepers {
    let host = testing::host();
    let start = move || {
        host.helper("bare keeper")
            .map_err(|error| error.to_string())
    };
    let keepers = Keepers::started_by(Box::new(start), 1).unwrap();
    assert!(!keepers.abilities().cgroup);
    keepers
}

/// A program with these arguments, confined by nothing.
fn order(program: &str, arguments: &[&str]) -> Order {
    Order {
        program: program.into(),
        image: None,
        arguments: arguments.iter().map(Into::into).collect(),
        environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
        folder: "/".into(),
        user: None,
        umask: 0o022,
        limits: Limits::default(),
        no_network: false,
        landlock: None,
    }
}

fn shell(script: &str) -> Order {
    order("/bin/sh", &["-c", script])
}

/// A run whose outputs can be read.
struct Watched {
    run: Run,
    output: PipeReader,
    errors: PipeReader,
}

/// What became of it.
#[derive(Debug)]
struct Done {
    end: End,
    usage: Usage,
    output: String,
    errors: String,
}

fn null() -> OwnedFd {
    fs::File::open("/dev/null").unwrap().into()
}

fn begin(keepers: &Keepers, order: &Order) -> Watched {
    let ((output, out), (errors, err)) = (pipe().unwrap(), pipe().unwrap());
    let run = keepers.run(order, null(), out.into(), err.into()).unwrap();
    Watched {
        run,
        output,
        errors,
    }
}

/// Runs something that can be run, to its end.
fn run(keepers: &Keepers, order: &Order) -> Done {
    let mut watched = begin(keepers, order);
    watched.started();
    watched.ended()
}

/// Why it cannot be run.
fn failure(keepers: &Keepers, order: &Order) -> (Step, i32, String) {
    match begin(keepers, order).run.next().unwrap() {
        Event::Failed {
            step,
            error,
            remedy,
        } => (step, error.raw_os_error().unwrap(), remedy),
        other => panic!("{other:?}"),
    }
}

impl Watched {
    fn started(&mut self) -> u32 {
        match self.run.next().unwrap() {
            Event::Started { pid } => pid,
            other => panic!("{other:?}"),
        }
    }

    /// The next line that it prints.
    fn line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while self.output.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.extend(byte);
        }
        String::from_utf8(line).unwrap()
    }

    fn ended(mut self) -> Done {
        let (end, usage) = match self.run.next().unwrap() {
            Event::Ended { end, usage } => (end, usage),
            other => panic!("{other:?}"),
        };
        // Nobody is left to hold them open.
        let text = |mut pipe: PipeReader| {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Done {
            end,
            usage,
            output: text(self.output),
            errors: text(self.errors),
        }
    }
}

/// Waits for something that comes to pass in the end.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < until, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn is_there(pid: impl std::fmt::Display) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// A word of `/proc/PID/stat` behind the name; the first is the state, the second the parent.
fn stat(pid: impl std::fmt::Display, word: usize) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.split(' ').nth(word).unwrap().to_owned()
}

fn kill(pid: &str) {
    let status = Command::new("kill").args(["-9", pid]).status().unwrap();
    assert!(status.success());
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
