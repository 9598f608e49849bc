//! What a command reads: nothing, what came with the request, or what its caller sends meanwhile.

use std::{
    fs::File,
    io,
    os::fd::OwnedFd,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use gaxx_sdk::{Body, Deadline, ErrorKind};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, write},
    pipe::{PipeFlags, pipe_with},
};

use crate::request::{BadRequest, Input, Lines, input};

/// How long it is waited for before it is looked whether the command still runs.
const LOOK: Duration = Duration::from_millis(50);

/// Where a command's input comes from.
pub(crate) enum Source {
    /// The request; it may be nothing.
    Whole(Vec<u8>),
    /// The caller, line by line.
    Lines { body: Body, lines: Lines },
}

/// What has still to be written while the command runs.
pub(crate) struct Feed {
    source: Source,
    pipe: OwnedFd,
}

/// Why the input of a command broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error(transparent)]
    Wrong(#[from] BadRequest),
    #[error("the input broke off: {0}")]
    BrokeOff(String),
    #[error("the input cannot be passed on: {0}")]
    Pipe(#[from] io::Error),
}

impl Source {
    /// The command's end of its input, and what has still to be fed. What fits into a pipe is in it
    /// already.
    pub(crate) fn open(self) -> io::Result<(OwnedFd, Option<Feed>)> {
        let bytes = match &self {
            Self::Whole(bytes) if bytes.is_empty() => {
                return Ok((File::open("/dev/null")?.into(), None));
            }
            Self::Whole(bytes) => bytes.as_slice(),
            Self::Lines { .. } => &[],
        };
        let (command, pipe) = pipe_with(PipeFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let written = match write(&pipe, bytes) {
            Ok(written) => written,
            Err(Errno::AGAIN) => 0,
            Err(error) => return Err(error.into()),
        };
        if matches!(&self, Self::Whole(bytes) if bytes.len() == written) {
            return Ok((command, None));
        }
        let source = match self {
            Self::Whole(mut bytes) => {
                bytes.drain(..written);
                Self::Whole(bytes)
            }
            lines @ Self::Lines { .. } => lines,
        };
        Ok((command, Some(Feed { source, pipe })))
    }
}

impl Feed {
    /// Feeds the command until there is no more, it reads no more, or it has ended. Where the input
    /// breaks off `broke` is told why, and the command does not see an end of it: it would take a
    /// part for the whole.
    pub(crate) fn run(self, ended: &AtomicBool, broke: impl FnOnce(InputError)) {
        let Self { source, pipe } = self;
        let fed = match source {
            Source::Whole(bytes) => pass_on(&pipe, &bytes, ended).map(drop).map_err(Into::into),
            Source::Lines { body, lines } => stream(&pipe, body, lines, ended),
        };
        if let Err(error) = fed
            && !ended.load(Ordering::Acquire)
        {
            broke(error);
            while !ended.load(Ordering::Acquire) {
                thread::sleep(LOOK);
            }
        }
    }
}

fn stream(
    pipe: &OwnedFd,
    mut body: Body,
    mut lines: Lines,
    ended: &AtomicBool,
) -> Result<(), InputError> {
    // The first line was the request.
    let mut number = 1;
    let mut whole = false;
    while !ended.load(Ordering::Acquire) {
        while let Some(line) = lines.next()? {
            number += 1;
            match input(line, number)? {
                Input::End => return Ok(()),
                Input::Bytes(bytes) if !pass_on(pipe, &bytes, ended)? => return Ok(()),
                Input::Bytes(_) => {}
            }
        }
        if whole {
            return Ok(());
        }
        match body.read(Deadline::after(LOOK)) {
            Ok(Some(piece)) => lines.push(&piece),
            Ok(None) => {
                whole = true;
                if lines.rest().is_some() {
                    lines.push(b"\n");
                }
            }
            Err(error) if error.kind() == ErrorKind::Deadline => {}
            Err(error) => return Err(InputError::BrokeOff(error.to_string())),
        }
    }
    Ok(())
}

/// Writes all of it; whether the command still reads.
fn pass_on(pipe: &OwnedFd, mut bytes: &[u8], ended: &AtomicBool) -> io::Result<bool> {
    while !bytes.is_empty() {
        match write(pipe, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // A command need not read its input.
            Err(Errno::PIPE) => return Ok(false),
            Err(Errno::AGAIN) => {
                if ended.load(Ordering::Acquire) {
                    return Ok(false);
                }
                let look = Timespec {
                    tv_sec: 0,
                    tv_nsec: i64::from(LOOK.subsec_nanos()),
                };
                let _ = poll(&mut [PollFd::new(pipe, PollFlags::OUT)], Some(&look));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}
