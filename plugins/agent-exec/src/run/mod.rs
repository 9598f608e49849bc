//! One run: from the order to the report.

mod caller;
mod follow;
mod frames;
mod input;
mod kept;
#[cfg(test)]
mod tests;

use std::{
    io,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::pipe::{PipeFlags, pipe_with};

pub(crate) use caller::Caller;
pub(crate) use frames::Frames;
pub(crate) use input::Source;

use self::{follow::Follow, kept::Kept};
use crate::{
    crew::Crew,
    keeper::{Keepers, Order},
    report::{Outcome, Report},
    table::Entry,
};

/// What is run, and what becomes of what it prints.
pub(crate) struct Task<'a> {
    pub(crate) entry: &'a Arc<Entry>,
    pub(crate) order: &'a Order,
    pub(crate) time: Duration,
    pub(crate) output: OutputPlan,
    /// Whether others wait for the run, so that it goes on without its caller.
    pub(crate) is_shared: &'a dyn Fn() -> bool,
}

/// What becomes of what a command prints.
#[derive(Debug)]
pub(crate) struct OutputPlan {
    /// Bytes of each stream that are kept for the report.
    pub(crate) kept: usize,
    /// Whether more than that ends the command.
    pub(crate) ends: bool,
    /// Sends it as it comes.
    pub(crate) frames: Option<Frames>,
    /// Bytes of each stream that are sent so.
    pub(crate) streamed: u64,
}

/// How a run went, and what is still to be said.
#[derive(Debug)]
pub(crate) struct Done {
    /// With what was kept.
    pub(crate) report: Report,
    /// What ends a streamed answer; none where the caller has not all of it.
    pub(crate) frames: Option<Frames>,
    /// Of each stream: whether the streamed answer lacks some of it.
    pub(crate) cut: [bool; 2],
}

/// The agent's ends of a command's streams.
struct Pipes {
    outputs: [OwnedFd; 2],
    /// The command's.
    output: OwnedFd,
    errors: OwnedFd,
}

impl Pipes {
    fn new() -> io::Result<Self> {
        let (stdout, output) = pipe_with(PipeFlags::CLOEXEC)?;
        let (stderr, errors) = pipe_with(PipeFlags::CLOEXEC)?;
        for end in [&stdout, &stderr] {
            // Of this end alone: the command's stays as programs expect it.
            rustix::io::ioctl_fionbio(end, true)?;
        }
        Ok(Self {
            outputs: [stdout, stderr],
            output,
            errors,
        })
    }
}

/// Runs a command to its end. The caller gets what is streamed; all else is the report.
pub(crate) fn run(
    keepers: &Keepers,
    crew: &Crew,
    task: Task<'_>,
    source: Source,
    caller: &mut Caller,
) -> Done {
    let id = task.entry.id.clone();
    let failed = |frames, reason: String| Done {
        report: Report::new(&id, Outcome::SpawnFailed, reason),
        frames,
        cut: [false; 2],
    };
    let begun = Instant::now();
    let opened = Pipes::new().and_then(|pipes| Ok((pipes, source.open()?)));
    let (pipes, (input, feed)) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let reason =
                format!("there is no pipe for it: {error} (raise the limit of open files)");
            return failed(task.output.frames, reason);
        }
    };
    let run = match keepers.run(task.order, input, pipes.output, pipes.errors) {
        Ok(run) => run,
        Err(error) => return failed(task.output.frames, error.to_string()),
    };
    let ended = Arc::new(AtomicBool::new(false));
    if let Some(feed) = feed {
        let (ended, entry) = (Arc::clone(&ended), Arc::clone(task.entry));
        let job = move || feed.run(&ended, |error| entry.cancel(error.to_string()));
        crew.run_always(Box::new(job));
    }
    let OutputPlan {
        kept,
        ends,
        frames,
        streamed,
    } = task.output;
    let follow = Follow {
        run,
        entry: task.entry,
        caller,
        is_shared: task.is_shared,
        begun,
        until: begun + task.time,
        time: task.time,
        outputs: pipes.outputs.map(Some),
        kept: [Kept::new(kept), Kept::new(kept)],
        ends,
        frames,
        streamed: [streamed; 2],
        cut: [false; 2],
        stopped: None,
        over: None,
        is_running: false,
        buffer: Vec::new(),
    };
    let done = follow.until_it_ends();
    ended.store(true, Ordering::Release);
    done
}
