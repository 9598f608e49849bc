//! The thread that looks after a child.

use std::{
    io,
    os::fd::AsFd,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Ending, Process, backoff::Backoff, child::Shared, spawn::Running};

/// How long a child may take to end once nobody uses it.
const GRACE: Duration = Duration::from_secs(1);
/// How long a child that prints too much is left to wait.
const PAUSE: Duration = Duration::from_millis(50);

/// Begins to look after a child; says whether its first process was started.
pub(super) fn begin(
    shared: &Arc<Shared>,
    program: &Path,
    first: mpsc::Sender<io::Result<Arc<Process>>>,
) -> io::Result<()> {
    let attendant = Attendant {
        shared: Arc::clone(shared),
        program: program.to_owned(),
        backoff: Backoff::new(&shared.want.process),
    };
    thread::Builder::new()
        .name("attendant".to_owned())
        .spawn(move || attendant.attend(&first))
        .map(drop)
}

struct Attendant {
    shared: Arc<Shared>,
    program: PathBuf,
    backoff: Backoff,
}

impl Attendant {
    /// One process after another, until nobody uses the child any more.
    fn attend(mut self, first: &mpsc::Sender<io::Result<Arc<Process>>>) {
        let mut number = 1;
        let mut started = self.start(number).inspect(|running| {
            // Whoever waits for it closes the child if it does not go on.
            let _ = first.send(Ok(Arc::clone(&running.process)));
        });
        if let Err(error) = started {
            let _ = first.send(Err(error));
            return;
        }
        loop {
            let born = Instant::now();
            let ending = match started {
                Ok(running) => self.watch(running),
                Err(error) => Arc::new(Ending::not_started(&error)),
            };
            if !self.rest(&ending, born.elapsed()) {
                return self.shared.status.stopped();
            }
            number += 1;
            self.shared.status.restarted(ending.cause);
            started = self.start(number).and_then(|running| {
                self.revive(&running.process)?;
                Ok(running)
            });
        }
    }

    fn start(&self, number: u64) -> io::Result<Running> {
        let want = &self.shared.want;
        Running::start(&self.program, &want.plugin, number, &want.process)
    }

    /// Has the plugin loaded and its components made on another thread: both need this one.
    fn revive(&self, process: &Arc<Process>) -> io::Result<()> {
        let (shared, process) = (Arc::clone(&self.shared), Arc::clone(process));
        thread::Builder::new()
            .name("revive".to_owned())
            .spawn(move || shared.revive(&process))
            .map(drop)
    }

    /// Looks after a process to its end.
    fn watch(&self, mut running: Running) -> Arc<Ending> {
        let mut kill_at = None;
        loop {
            let now = Instant::now();
            if kill_at.is_none() && self.shared.is_closed() {
                running.process.hang_up();
                kill_at = Some(now + GRACE);
            }
            if kill_at.is_some_and(|at| at <= now) {
                running.process.kill();
                kill_at = Some(now + GRACE);
            }
            if running.cpu.ends() <= now && !running.cpu.renew() {
                running
                    .process
                    .condemn(Ending::cpu(&self.shared.want.plugin));
            }
            if self.step(&mut running, kill_at) {
                return bury(running, &self.shared);
            }
        }
    }

    /// Waits until there is something to do and does it; answers whether the process has ended.
    fn step(&self, running: &mut Running, kill_at: Option<Instant>) -> bool {
        let now = Instant::now();
        let mut until = kill_at.map_or(running.cpu.ends(), |at| at.min(running.cpu.ends()));
        let may_read = running.output.may_read(now);
        if !may_read {
            until = until.min(now + PAUSE);
        }
        let ready = {
            let of = |fd| Some(PollFd::from_borrowed_fd(fd, PollFlags::IN));
            let output = running.output.pipe().filter(|_| may_read);
            let all = [
                running.process.handle().and_then(|fd| of(fd.as_fd())),
                of(self.shared.bell().as_fd()),
                running
                    .service
                    .as_ref()
                    .and_then(|one| of(one.channel().socket())),
                output.and_then(|fd| of(fd.as_fd())),
            ];
            wait(all, until)
        };
        let [ended, rung, asked, printed] = ready;
        if rung {
            self.shared.answer_bell();
        }
        if printed {
            running.output.step(Instant::now());
        }
        if asked && let Some(service) = running.service.take() {
            running.service = service.step(&running.process, &self.shared.seats);
        }
        ended
    }

    /// Notes the end, and waits until the next process is due; false where none is wanted any more,
    /// or where none has ever come so far as to load its plugin.
    fn rest(&mut self, ending: &Arc<Ending>, lived: Duration) -> bool {
        if self.shared.is_closed() || !self.shared.has_loaded() {
            return false;
        }
        let next = self.backoff.after(lived);
        let until = Instant::now() + next.wait;
        self.shared
            .status
            .down(Arc::clone(ending), until, next.failed);
        let (plugin, again) = (
            &self.shared.want.plugin,
            humantime::format_duration(next.wait),
        );
        let (message, remedy, cause) = (&ending.message, &ending.remedy, ending.cause.label());
        if let Some(times) = next.failed {
            tracing::error!(
                plugin,
                cause,
                remedy,
                "{message}; that was {times} times in a row: it has failed, and is started again in {again}"
            );
        } else {
            tracing::warn!(
                plugin,
                cause,
                remedy,
                "{message}; it is started again in {again}"
            );
        }
        while !self.shared.is_closed() {
            if until <= Instant::now() {
                return true;
            }
            let bell = PollFd::from_borrowed_fd(self.shared.bell().as_fd(), PollFlags::IN);
            wait([Some(bell)], until);
        }
        false
    }
}

/// Takes the status of a process that has ended, says why it did, and ends what it left.
fn bury(running: Running, shared: &Shared) -> Arc<Ending> {
    let Running {
        process,
        service,
        output,
        reaper,
        ..
    } = running;
    let plugin = &shared.want.plugin;
    let last = output.finish();
    let status = reaper.reap();
    let ending = process.settle(|| match status {
        Ok(status) => Ending::by_itself(plugin, status, last.as_deref()),
        Err(_) => Ending::unknown(),
    });
    process.close();
    if let Some(service) = service {
        service.finish(&process, &shared.seats);
    }
    ending
}

/// Waits until one of these can be read, no longer than until then; answers which.
pub(in crate::isolation) fn wait<const N: usize>(
    all: [Option<PollFd<'_>>; N],
    until: Instant,
) -> [bool; N] {
    let mut ready: Vec<PollFd<'_>> = all.iter().flatten().cloned().collect();
    let left = until.saturating_duration_since(Instant::now());
    // A longer time than the system can count is for ever.
    let left = Timespec::try_from(left).ok();
    // Whoever is disturbed looks again.
    let _ = poll(&mut ready, left.as_ref());
    let mut seen = ready.iter().map(|one| !one.revents().is_empty());
    all.map(|one| one.is_some() && seen.next().unwrap_or(false))
}
