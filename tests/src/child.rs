//! A child process whose output is kept and which ends with its owner.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::poll::wait_for;

/// Lines kept of a child's output; a child that says more loses the oldest.
const LINES: usize = 20_000;
/// How much of a child's output a failure shows.
const SHOWN: usize = 60;

/// A running program. Dropping it kills it, and only it.
#[derive(Debug)]
pub struct Child {
    name: String,
    process: std::process::Child,
    status: Option<ExitStatus>,
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Child {
    /// Starts `command` without input, and reads both of its outputs line by line.
    #[track_caller]
    pub fn spawn(name: &str, command: &mut Command) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start ({command:?}): {error}"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let mut readers = Vec::new();
        if let Some(stdout) = process.stdout.take() {
            readers.push(follow(stdout, Arc::clone(&lines)));
        }
        if let Some(stderr) = process.stderr.take() {
            readers.push(follow(stderr, Arc::clone(&lines)));
        }
        Self {
            name: name.to_owned(),
            process,
            status: None,
            lines,
            readers,
        }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it wrote so far, both outputs, in the order of arrival.
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The last lines, for a failure's text.
    pub fn tail(&self) -> String {
        let lines = self.lines();
        let from = lines.len().saturating_sub(SHOWN);
        format!("--- {} said:\n{}\n---", self.name, lines[from..].join("\n"))
    }

    /// Sends `signal`; nothing happens if the process is already gone.
    pub fn signal(&mut self, signal: Signal) {
        if self.exited().is_none() {
            let pid = i32::try_from(self.process.id())
                .ok()
                .and_then(Pid::from_raw);
            let pid = pid.expect("a process id is positive and fits i32");
            kill_process(pid, signal).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        }
    }

    /// The exit status, if it has ended.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.process.try_wait().ok().flatten();
        }
        self.status
    }

    /// Waits for the end, at most `bound`, and for the last of its output.
    pub fn wait_exit(&mut self, bound: Duration) -> Option<ExitStatus> {
        let status = wait_for(bound, || self.exited().ok_or("still running")).ok()?;
        // The readers end when every holder of the pipes is gone; a grandchild may still be one.
        let _ = wait_for(Duration::from_secs(2), || {
            if self.readers.iter().all(JoinHandle::is_finished) {
                Ok(())
            } else {
                Err("reading")
            }
        });
        Some(status)
    }

    /// Waits for a value that `find` makes of the output; panics with the output if the child
    /// ends or `bound` passes before.
    #[track_caller]
    pub fn wait_line<T>(&mut self, bound: Duration, mut find: impl FnMut(&str) -> Option<T>) -> T {
        let mut ended = None;
        let found = wait_for(bound, || {
            // Asked before the lines are read, so that the last line of a short life counts.
            ended = self.exited();
            match self.lines().iter().find_map(|line| find(line)) {
                Some(value) => Ok(Some(value)),
                None if ended.is_some() && self.readers.iter().all(JoinHandle::is_finished) => {
                    Ok(None)
                }
                None => Err("the line has not come"),
            }
        });
        match found {
            Ok(Some(value)) => value,
            Ok(None) => panic!("{} ended ({ended:?})\n{}", self.name, self.tail()),
            Err(reason) => panic!("{}: {reason}\n{}", self.name, self.tail()),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.exited().is_none() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
        if thread::panicking() {
            eprintln!("{}", self.tail());
        }
    }
}

fn follow(output: impl Read + Send + 'static, lines: Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == LINES {
                lines.remove(0);
            }
            lines.push(text);
            line.clear();
        }
    })
}
