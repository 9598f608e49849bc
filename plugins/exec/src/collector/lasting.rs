//! A program that keeps running and prints expositions.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use gaxx_sdk::{ErrorKind, prelude::*};

use super::{
    backoff::Backoff,
    read,
    shared::Shared,
    splitter::{Splitter, TooLong},
};
use crate::{
    exposition::Family,
    program::{Event, Failure, Program, Running, keep, last_line},
};

/// How often it is looked whether the program is to end.
const TICK: Duration = Duration::from_millis(200);

/// A program that keeps running; when it ends it is run again. A thread reads what it prints.
pub(super) struct Lasting {
    program: Program,
    max_silence: Duration,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Lasting {
    pub(super) fn new(program: Program, max_silence: Duration) -> Self {
        Self {
            program,
            max_silence,
            shared: Arc::default(),
            thread: None,
        }
    }

    pub(super) fn start(&mut self) -> Result<()> {
        let reader = Reader {
            program: self.program.clone(),
            max_silence: self.max_silence,
            shared: Arc::clone(&self.shared),
            waiting: Arc::new(()),
        };
        let thread = thread::Builder::new().name("exec-reader".to_owned());
        let thread = thread.spawn(move || reader.work());
        let thread = thread.explain(|| "cannot start a thread to read from".to_owned())?;
        self.thread = Some(thread);
        Ok(())
    }

    /// The last exposition.
    pub(super) fn latest(&self, deadline: Deadline) -> Result<Arc<Vec<Family>>> {
        match self.shared.latest(self.program.patience(deadline)) {
            None => Err(Shared::nothing_yet(self.program.path())),
            Some((age, Ok(_))) if age > self.max_silence => {
                Err(silent(self.program.path(), self.max_silence))
            }
            Some((_, result)) => result,
        }
    }

    /// Ends the program and the thread.
    pub(super) fn stop(&mut self) {
        self.shared.stop();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked is gone as well.
            let _ = thread.join();
        }
    }
}

impl Drop for Lasting {
    fn drop(&mut self) {
        // The thread ends by itself.
        self.shared.stop();
    }
}

/// The thread's side.
struct Reader {
    program: Program,
    max_silence: Duration,
    shared: Arc<Shared>,
    waiting: Arc<()>,
}

impl Reader {
    /// Runs the program again and again.
    fn work(&self) {
        let mut backoff = Backoff::default();
        while !self.shared.is_stopping() {
            let error = self.follow(&mut backoff);
            if !self.shared.is_stopping() {
                self.shared.put(Err(error));
                self.shared.pause(backoff.next());
            }
        }
    }

    /// Runs the program until it ends or must be ended; answers why.
    fn follow(&self, backoff: &mut Backoff) -> Error {
        if Arc::strong_count(&self.waiting) > 1 {
            return Failure::Lingers {
                program: self.path(),
            }
            .into_error();
        }
        let mut running = match self.program.start(&self.waiting) {
            Ok(running) => running,
            Err(failure) => return failure.into_error(),
        };
        let mut stderr = Vec::new();
        match self.listen(&mut running, &mut stderr, backoff) {
            Err(error) => error,
            Ok(()) => match running.end() {
                Some(end) => {
                    let (program, stderr) = (self.path(), last_line(&stderr));
                    Failure::Ended {
                        program,
                        end,
                        stderr,
                    }
                    .into_error()
                }
                None => Failure::Lingers {
                    program: self.path(),
                }
                .into_error(),
            },
        }
    }

    /// Takes expositions until the program has ended.
    fn listen(
        &self,
        running: &mut Running,
        stderr: &mut Vec<u8>,
        backoff: &mut Backoff,
    ) -> Result<()> {
        let limit = self.program.max_output;
        let mut splitter = Splitter::new(limit.length());
        let mut buffer = vec![0; 64 * 1024];
        let mut heard = Instant::now();
        loop {
            let event = running.next(TICK, &mut buffer);
            let event = event.map_err(|error| Failure::Wait {
                program: self.path(),
                error,
            });
            match event.map_err(Failure::into_error)? {
                Event::Ended => return Ok(()),
                Event::Nothing => {}
                Event::Stderr(bytes) => keep(stderr, bytes),
                Event::Stdout(bytes) => {
                    let taken = splitter.push(bytes, |text| {
                        let families = read(text, self.program.path());
                        if families.is_ok() {
                            backoff.went_well();
                        }
                        heard = Instant::now();
                        self.shared.put(families);
                    });
                    taken.map_err(|TooLong| {
                        Failure::TooMuch {
                            program: self.path(),
                            limit,
                        }
                        .into_error()
                    })?;
                }
            }
            if self.shared.is_stopping() {
                return Err(Failure::Cancelled {
                    program: self.path(),
                }
                .into_error());
            }
            if heard.elapsed() > self.max_silence {
                return Err(silent(self.program.path(), self.max_silence));
            }
        }
    }

    fn path(&self) -> String {
        self.program.path().to_owned()
    }
}

fn silent(path: &str, limit: Duration) -> Error {
    let limit = limit.as_secs_f64();
    let message = format!("{path} printed no exposition for {limit:.1} s");
    Error::new(ErrorKind::Deadline, message)
        .remedy("make it print more often and flush its output, or raise `max_silence`")
}
