//! Runs a program to its end.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gaxx_sdk::prelude::{Deadline, Host};

use super::{End, Event, Failure, Program, last_line};

/// How often it is looked whether the component is being stopped.
const TICK: Duration = Duration::from_millis(200);
/// How much of what a program complains of is kept.
const STDERR_KEPT: usize = 4096;

/// What a program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stdout: Vec<u8>,
    /// The end of it.
    pub(crate) stderr: Vec<u8>,
    pub(crate) end: End,
}

/// Runs one program, again and again but never twice at once.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) program: Program,
    host: Host,
    waiting: Arc<()>,
}

impl Runner {
    pub(crate) fn new(program: Program, host: Host) -> Self {
        Self {
            program,
            host,
            waiting: Arc::new(()),
        }
    }

    /// Runs it to its end, which it must reach shortly before the deadline.
    pub(crate) fn run(&self, deadline: Deadline) -> Result<Output, Failure> {
        let program = || self.program.path().to_owned();
        if Arc::strong_count(&self.waiting) > 1 {
            return Err(Failure::Lingers { program: program() });
        }
        let limit = self.program.patience(deadline);
        let until = Instant::now() + limit;
        let mut running = self.program.start(&self.waiting)?;
        let (mut stdout, mut stderr, mut total) = (Vec::new(), Vec::new(), 0_usize);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Failure::TooSlow {
                    program: program(),
                    limit,
                });
            }
            if self.host.is_cancelled() {
                return Err(Failure::Cancelled { program: program() });
            }
            let event = running.next(left.min(TICK), &mut buffer);
            let event = event.map_err(|error| Failure::Wait {
                program: program(),
                error,
            })?;
            let printed = match event {
                Event::Stdout(bytes) => {
                    stdout.extend_from_slice(bytes);
                    bytes.len()
                }
                Event::Stderr(bytes) => {
                    keep(&mut stderr, bytes);
                    bytes.len()
                }
                Event::Nothing => 0,
                Event::Ended => break,
            };
            total = total.saturating_add(printed);
            if total > self.program.max_output.length() {
                let limit = self.program.max_output;
                return Err(Failure::TooMuch {
                    program: program(),
                    limit,
                });
            }
        }
        let end = running.end();
        let end = end.ok_or_else(|| Failure::Lingers { program: program() })?;
        Ok(Output {
            stdout,
            stderr,
            end,
        })
    }

    /// As [`Self::run`], for a program whose status must be zero.
    pub(crate) fn run_well(&self, deadline: Deadline) -> Result<Vec<u8>, Failure> {
        let Output {
            stdout,
            stderr,
            end,
        } = self.run(deadline)?;
        if end == End::Status(0) {
            return Ok(stdout);
        }
        let program = self.program.path().to_owned();
        Err(Failure::Ended {
            program,
            end,
            stderr: last_line(&stderr),
        })
    }
}

/// Keeps the end of what a program complains of.
pub(crate) fn keep(stderr: &mut Vec<u8>, bytes: &[u8]) {
    stderr.extend_from_slice(bytes);
    let over = stderr.len().saturating_sub(STDERR_KEPT);
    stderr.drain(..over);
}
