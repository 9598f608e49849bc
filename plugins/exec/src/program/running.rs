//! A program that runs, and what it prints.

use std::{
    io::{self, Read},
    os::unix::process::CommandExt,
    process::{ChildStderr, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::event::{PollFd, PollFlags};

use super::{End, Failure, Program, birth, group::Group, image::Image, wait::wait};

/// A program that runs. Dropping it ends the program, all of its group and all descendants.
#[derive(Debug)]
pub(crate) struct Running {
    group: Group,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    has_ended: bool,
}

/// What happened next.
#[derive(Debug)]
pub(crate) enum Event<'b> {
    /// It printed this.
    Stdout(&'b [u8]),
    /// It complained of this.
    Stderr(&'b [u8]),
    /// It has ended, and all that it printed was read.
    Ended,
    /// Nothing, for as long as was waited.
    Nothing,
}

impl Program {
    /// Begins to run. `waiting` is held as long as the program cannot be got rid of.
    ///
    /// The program sees `PATH` and the configured variables and no others, reads nothing, and has
    /// no open file but its own three. It ends with the thread that calls this.
    pub(crate) fn start(&self, waiting: &Arc<()>) -> Result<Running, Failure> {
        let folder = &self.working_folder;
        let failed = |error: io::Error| Failure::spawn(self.path(), folder, error);
        let image = Image::new(&self.command, &self.env).map_err(|error| failed(error.into()))?;
        let mut command = Command::new(self.path());
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        birth::prepare(&mut command, image, self.limits);
        let mut child = command.spawn().map_err(failed)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let group = Group::new(child, waiting).map_err(|error| Failure::Wait {
            program: self.path().to_owned(),
            error,
        })?;
        Ok(Running {
            group,
            stdout,
            stderr,
            has_ended: false,
        })
    }
}

impl Running {
    /// Waits for what happens next, no longer than this.
    ///
    /// Never waits for the end of the output alone: somebody whom the program has left behind may
    /// hold it open for ever.
    pub(crate) fn next<'b>(
        &mut self,
        patience: Duration,
        buffer: &'b mut [u8],
    ) -> io::Result<Event<'b>> {
        loop {
            let patience = if self.has_ended {
                Duration::ZERO
            } else {
                patience
            };
            let ready = self.ready(patience)?;
            let (source, read) = match ready {
                Ready::Stdout => (Ready::Stdout, read(&mut self.stdout, buffer)?),
                Ready::Stderr => (Ready::Stderr, read(&mut self.stderr, buffer)?),
                // What it printed before its end is read by the next rounds.
                Ready::Ended => {
                    self.has_ended = true;
                    continue;
                }
                Ready::Nothing if self.has_ended => return Ok(Event::Ended),
                Ready::Nothing => return Ok(Event::Nothing),
            };
            match (read, source) {
                (0, _) => {}
                (read, Ready::Stdout) => return Ok(Event::Stdout(&buffer[..read])),
                (read, _) => return Ok(Event::Stderr(&buffer[..read])),
            }
        }
    }

    fn ready(&self, patience: Duration) -> io::Result<Ready> {
        let mut sources = Vec::with_capacity(3);
        let mut fds = Vec::with_capacity(3);
        if let Some(stdout) = &self.stdout {
            sources.push(Ready::Stdout);
            fds.push(PollFd::new(stdout, PollFlags::IN));
        }
        if let Some(stderr) = &self.stderr {
            sources.push(Ready::Stderr);
            fds.push(PollFd::new(stderr, PollFlags::IN));
        }
        if !self.has_ended {
            sources.push(Ready::Ended);
            let ended = self.group.ended();
            fds.push(PollFd::from_borrowed_fd(ended, PollFlags::IN));
        }
        wait(&mut fds, patience)?;
        let first = fds.iter().position(|fd| !fd.revents().is_empty());
        Ok(first
            .and_then(|at| sources.get(at).copied())
            .unwrap_or(Ready::Nothing))
    }

    /// Kills what is left of it; `None` if it does not go away.
    pub(crate) fn end(self) -> Option<End> {
        // Nobody reads any more, so that whoever got away is told when it prints.
        drop((self.stdout, self.stderr));
        self.group.end()
    }
}

#[derive(Debug, Clone, Copy)]
enum Ready {
    Stdout,
    Stderr,
    Ended,
    Nothing,
}

/// Reads what is there; at its end the source is closed, and zero the answer.
fn read<R: Read>(source: &mut Option<R>, buffer: &mut [u8]) -> io::Result<usize> {
    let Some(open) = source else { return Ok(0) };
    match open.read(buffer) {
        Ok(0) => *source = None,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
        other => return other,
    }
    Ok(0)
}
