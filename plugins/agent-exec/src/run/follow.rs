//! Looks after a command that runs: passes its output on, and ends it where it must end.

use std::{
    os::fd::OwnedFd,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, read},
};

use super::{
    Done,
    caller::{Caller, Offered, SLOW},
    frames::Frames,
    kept::Kept,
};
use crate::{
    keeper::{End, Event, KeeperError, Run},
    report::{Outcome, Output, Report, Stream},
    table::Entry,
};

/// How often it is looked whether the run is wanted any more.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes that are read at once: as much as a pipe holds.
const PIECE: usize = 64 << 10;

pub(super) struct Follow<'a> {
    pub(super) run: Run,
    pub(super) entry: &'a Arc<Entry>,
    pub(super) caller: &'a mut Caller,
    pub(super) is_shared: &'a dyn Fn() -> bool,
    pub(super) begun: Instant,
    pub(super) until: Instant,
    pub(super) time: Duration,
    /// Those that have not come to their end.
    pub(super) outputs: [Option<OwnedFd>; 2],
    pub(super) kept: [Kept; 2],
    pub(super) ends: bool,
    pub(super) frames: Option<Frames>,
    /// Bytes that may still be streamed.
    pub(super) streamed: [u64; 2],
    pub(super) cut: [bool; 2],
    /// Why it was ended, if it was.
    pub(super) stopped: Option<(Outcome, String)>,
    /// When it had come to its end.
    pub(super) over: Option<Instant>,
    /// Whether it has been said to run. Before that nothing is read, so that this is said first.
    pub(super) is_running: bool,
    pub(super) buffer: Vec<u8>,
}

impl Follow<'_> {
    pub(super) fn until_it_ends(mut self) -> Done {
        loop {
            self.look();
            let [out, err, event] = self.wait();
            for (stream, ready) in [(Stream::Stdout, out), (Stream::Stderr, err)] {
                if ready {
                    self.read(stream);
                }
            }
            if event && let Some(report) = self.event() {
                return self.done(report);
            }
        }
    }

    /// Ends the command where nobody wants it any more, or it has had its time.
    fn look(&mut self) {
        if self.stopped.is_some() || self.over.is_some() {
            return;
        }
        if Instant::now() >= self.until {
            let time = humantime::format_duration(self.time);
            self.stop(
                Outcome::TimedOut,
                format!("it ran for {time}, which is as long as it may"),
            );
        } else if let Some(reason) = self.entry.cancelled() {
            let reason = reason.to_owned();
            self.stop(Outcome::Cancelled, reason);
        } else if self.caller.has_gone() && !(self.is_shared)() {
            self.stop(
                Outcome::Cancelled,
                "its caller has gone, or the agent is stopping".to_owned(),
            );
        }
    }

    fn stop(&mut self, outcome: Outcome, reason: String) {
        if self.stopped.is_none() {
            self.stopped = Some((outcome, reason));
            self.run.kill();
        }
    }

    /// Waits until there is something to do: of stdout, of stderr, of the run.
    fn wait(&self) -> [bool; 3] {
        let left = self.until.saturating_duration_since(Instant::now());
        let patience = if self.stopped.is_some() {
            LOOK
        } else {
            left.min(LOOK)
        };
        let patience = Timespec {
            tv_sec: 0,
            // Rounded up, lest the last moment be waited for again and again.
            tv_nsec: i64::from(patience.subsec_nanos()) + 1,
        };
        let open = self.outputs.iter().enumerate().filter(|_| self.is_running);
        let open = open.filter_map(|(at, end)| Some((at, end.as_ref()?)));
        let mut places = vec![2];
        let mut ends = vec![PollFd::new(&self.run, PollFlags::IN)];
        for (at, end) in open {
            places.push(at);
            ends.push(PollFd::new(end, PollFlags::IN));
        }
        let mut ready = [false; 3];
        if poll(&mut ends, Some(&patience)).is_ok() {
            for (at, end) in places.iter().zip(&ends) {
                ready[*at] = !end.revents().is_empty();
            }
        }
        ready
    }

    /// Reads what there is, a piece at most; whether there may be more.
    fn read(&mut self, stream: Stream) -> bool {
        let Some(end) = &self.outputs[stream as usize] else {
            return false;
        };
        self.buffer.clear();
        self.buffer.reserve_exact(PIECE);
        match read(end, spare_capacity(&mut self.buffer)) {
            Ok(0) => {
                self.outputs[stream as usize] = None;
                false
            }
            Ok(_) => {
                self.take(stream);
                true
            }
            Err(Errno::INTR) => true,
            Err(Errno::AGAIN) => false,
            Err(_) => {
                self.outputs[stream as usize] = None;
                self.cut[stream as usize] = true;
                false
            }
        }
    }

    /// Does with what was read what is to be done.
    fn take(&mut self, stream: Stream) {
        let at = stream as usize;
        let piece = std::mem::take(&mut self.buffer);
        self.kept[at].push(&piece);
        self.entry.printed(piece.len() as u64);
        let room = usize::try_from(self.streamed[at])
            .unwrap_or(usize::MAX)
            .min(piece.len());
        self.streamed[at] -= room as u64;
        self.cut[at] |= room < piece.len();
        let frame = self
            .frames
            .as_mut()
            .and_then(|frames| frames.output(stream, &piece[..room]));
        self.buffer = piece;
        if let Some(frame) = frame {
            self.deliver(&frame);
        }
        let is_over = if self.frames.is_some() {
            self.cut[at]
        } else {
            self.kept[at].is_cut()
        };
        if self.ends && is_over {
            let reason = format!("it printed more to {} than it may", stream.name());
            self.stop(Outcome::Cancelled, reason);
        }
    }

    /// Waits until the caller has taken a frame; meanwhile the command waits, once its pipe is full.
    fn deliver(&mut self, frame: &[u8]) {
        let begun = Instant::now();
        loop {
            let Some(frames) = &self.frames else {
                return;
            };
            match self.caller.offer(frames.content_type(), frame) {
                Offered::Taken => return,
                Offered::Later if self.stopped.is_none() && self.over.is_none() => self.look(),
                Offered::Later if begun.elapsed() < SLOW => {}
                Offered::Later | Offered::Lost => {
                    self.frames = None;
                    self.cut = [true; 2];
                    if !(self.is_shared)() {
                        self.stop(Outcome::Cancelled, "its caller has gone".to_owned());
                    }
                }
            }
        }
    }

    /// Takes the keeper's word; the report where it was the last.
    fn event(&mut self) -> Option<Report> {
        let id = &self.entry.id;
        match self.run.next() {
            Ok(Event::Started { pid }) => {
                self.is_running = true;
                self.entry.started(pid);
                let frame = self
                    .frames
                    .as_ref()
                    .map(|frames| frames.started(id, Some(pid)));
                if let Some(frame) = frame {
                    self.deliver(&frame);
                }
                None
            }
            Ok(Event::Failed {
                step,
                error,
                remedy,
            }) => {
                let reason = format!("{step}: {error} ({remedy})");
                Some(Report::new(id, Outcome::SpawnFailed, reason))
            }
            Ok(Event::Ended { end, usage }) => {
                self.over = Some(Instant::now());
                let mut report = Report::new(id, Outcome::Exited, "");
                report.used(usage);
                match end {
                    End::Status(status) => report.exit_code = Some(status),
                    End::Signal(signal) => {
                        report.outcome = Outcome::Signalled;
                        report.signal = Some(signal);
                        report.reason = format!("signal {signal} ended it");
                    }
                }
                Some(report)
            }
            Err(KeeperError::Lost) => Some(Report::new(
                id,
                Outcome::Unknown,
                KeeperError::Lost.to_string(),
            )),
            Err(error) => Some(Report::new(id, Outcome::Unknown, error.to_string())),
        }
    }

    /// Takes what is left in the pipes, and completes the report.
    fn done(mut self, mut report: Report) -> Done {
        let over = *self.over.get_or_insert_with(Instant::now);
        // Nobody is left who could print more. What somebody outside holds is not waited for.
        for stream in [Stream::Stdout, Stream::Stderr] {
            while self.read(stream) {}
        }
        // What was ended by the agent has no end of its own.
        if let Some((outcome, reason)) = self.stopped.take()
            && !matches!(report.outcome, Outcome::Unknown | Outcome::SpawnFailed)
        {
            (report.outcome, report.reason) = (outcome, reason);
            report.exit_code = None;
        }
        report.took(over - self.begun);
        let [stdout, stderr] = self.kept;
        (report.stdout_bytes, report.stderr_bytes) = (stdout.total(), stderr.total());
        (report.stdout_truncated, report.stderr_truncated) = (stdout.is_cut(), stderr.is_cut());
        report.output = Some(Output::of(stdout.into_bytes(), stderr.into_bytes()));
        Done {
            report,
            frames: self.frames,
            cut: self.cut,
        }
    }
}
