//! The threads that plugin code runs on.
//!
//! A thread that runs foreign code can neither be trusted to come back nor be killed. So the pool
//! is elastic: a few threads serve all calls, and whoever waits for a call that has not begun asks
//! for more. More threads only help where calls hang or are slow, and each costs memory, so they
//! come only when no call has begun for a while, and go as soon as they have nothing to do. Threads
//! that are known to hang do not count, so that there are as many others as there would be without.

use std::{
    collections::VecDeque,
    io,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Threads that stay, even with nothing to do.
const STEADY: usize = 2;
/// Where no call has begun for this long though some wait, the threads are taken to hang.
const STALLED: Duration = Duration::from_millis(5);

/// The threads that plugin code runs on. Cheap to clone.
#[derive(Clone)]
pub struct CallPool(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    working: usize,
    hanging: usize,
    /// Threads that are started at once when calls come in.
    at_once: usize,
}

struct State {
    queue: VecDeque<Job>,
    threads: usize,
    idle: usize,
    hanging: usize,
    /// When the queue last moved: a call begun, or the first one come.
    moved: Instant,
    /// Whether the log says that no thread can be started.
    told: bool,
}

struct Job {
    ticket: Ticket,
    work: Box<dyn FnOnce() + Send>,
}

/// Tells what became of a job.
#[derive(Debug, Clone, Default)]
pub struct Ticket(Arc<AtomicU8>);

/// What becomes of a job, one after the other; changed only while the pool's state is held.
mod stage {
    pub(super) const WAITING: u8 = 0;
    /// Should be back, and has not begun.
    pub(super) const LATE: u8 = 1;
    pub(super) const RUNNING: u8 = 2;
    /// Should be back, and runs.
    pub(super) const HANGING: u8 = 3;
    pub(super) const OVER: u8 = 4;
}

impl CallPool {
    /// A pool of at most `working` threads, and `hanging` more while as many hang.
    pub fn new(working: usize, hanging: usize) -> Self {
        Self::with(working, hanging, STEADY)
    }

    /// The same, of which no call waits for a thread while there may be one more.
    pub fn without_waiting(working: usize, hanging: usize) -> Self {
        Self::with(working, hanging, working)
    }

    fn with(working: usize, hanging: usize, at_once: usize) -> Self {
        let state = State {
            queue: VecDeque::new(),
            threads: 0,
            idle: 0,
            hanging: 0,
            moved: Instant::now(),
            told: false,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            work: Condvar::new(),
            working: working.max(1),
            hanging,
            at_once,
        }))
    }

    /// Queues a job. It should not panic: plugin code is called behind a border that catches.
    pub fn submit(&self, work: impl FnOnce() + Send + 'static) -> Ticket {
        let ticket = Ticket::default();
        let mut state = self.lock();
        if state.queue.is_empty() {
            state.moved = Instant::now();
        }
        let work = Box::new(work);
        state.queue.push_back(Job {
            ticket: ticket.clone(),
            work,
        });
        if state.idle >= state.queue.len() {
            self.0.work.notify_one();
        } else if state.working() < self.0.at_once {
            self.grow(&mut state);
        }
        ticket
    }

    /// Adds threads if work waits and none of it is begun; called again and again by whoever
    /// waits for that work. There are then twice as many, so that a crowd of calls that hang is
    /// got around quickly.
    pub fn relieve(&self) {
        let mut state = self.lock();
        if state.queue.len() <= state.idle || state.moved.elapsed() < STALLED {
            return;
        }
        state.moved = Instant::now();
        let waiting = state.queue.len() - state.idle;
        for _ in 0..state.threads.max(1).min(waiting) {
            self.grow(&mut state);
        }
    }

    /// Notes that a job should have been back by now: its thread counts as hanging until it is.
    pub fn overdue(&self, ticket: &Ticket) {
        let mut state = self.lock();
        match ticket.stage() {
            stage::WAITING => ticket.enter(stage::LATE),
            stage::RUNNING => {
                ticket.enter(stage::HANGING);
                state.hanging += 1;
                if state.queue.len() > state.idle {
                    self.grow(&mut state);
                }
            }
            _ => {}
        }
    }

    /// How many threads hang.
    pub fn hanging(&self) -> usize {
        self.lock().hanging
    }

    /// Whether as many threads hang as may.
    pub fn is_full(&self) -> bool {
        self.hanging() >= self.0.hanging
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.lock().threads
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing can panic while it is held.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grow(&self, state: &mut State) {
        if state.threads >= self.0.working + self.0.hanging.min(state.hanging) {
            return;
        }
        let pool = self.clone();
        match spawn(move || pool.serve()) {
            Ok(()) => {
                state.threads += 1;
                state.told = false;
            }
            // The work stays queued; whoever waits for it asks again, and is told of it once.
            Err(error) if !state.told => {
                state.told = true;
                tracing::warn!(%error, "cannot start a thread for plugin calls");
            }
            Err(_) => {}
        }
    }

    fn serve(&self) {
        let mut state = self.lock();
        loop {
            if let Some(Job { ticket, work }) = state.queue.pop_front() {
                state.moved = Instant::now();
                state.begun(&ticket);
                drop(state);
                // What stays undone shows as a call that hangs; the thread itself goes on.
                if panic::catch_unwind(AssertUnwindSafe(work)).is_err() {
                    tracing::error!(
                        "the program's own part of a plugin call panicked: report this"
                    );
                }
                state = self.lock();
                state.over(&ticket);
            } else if state.idle < STEADY {
                state.idle += 1;
                let waited = self.0.work.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            } else {
                state.threads -= 1;
                return;
            }
        }
    }
}

impl State {
    /// Threads that are not known to hang.
    fn working(&self) -> usize {
        self.threads.saturating_sub(self.hanging)
    }

    fn begun(&mut self, ticket: &Ticket) {
        if ticket.stage() == stage::LATE {
            ticket.enter(stage::HANGING);
            self.hanging += 1;
        } else {
            ticket.enter(stage::RUNNING);
        }
    }

    fn over(&mut self, ticket: &Ticket) {
        if ticket.stage() == stage::HANGING {
            self.hanging -= 1;
        }
        ticket.enter(stage::OVER);
    }
}

impl Ticket {
    /// Whether the job has begun.
    pub fn has_begun(&self) -> bool {
        self.stage() >= stage::RUNNING
    }

    /// Whether the job should have come to its end, and has not.
    pub fn is_overdue(&self) -> bool {
        matches!(self.stage(), stage::LATE | stage::HANGING)
    }

    /// Whether the job has come to its end.
    pub fn is_over(&self) -> bool {
        self.stage() == stage::OVER
    }

    fn stage(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }

    fn enter(&self, stage: u8) {
        self.0.store(stage, Ordering::Release);
    }
}

fn spawn(serve: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name("plugin".to_owned())
        .spawn(serve)
        .map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc::{Sender, channel};

    use super::*;

    const BOUND: Duration = Duration::from_mins(1);

    /// So many jobs that hang until the sender is dropped.
    fn hang(pool: &CallPool, count: usize) -> (Sender<()>, Vec<Ticket>) {
        let (hold, held) = channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let tickets = (0..count).map(|_| {
            let held = Arc::clone(&held);
            pool.submit(move || assert!(held.lock().unwrap().recv().is_err()))
        });
        (hold, tickets.collect())
    }

    #[track_caller]
    fn wait_until(condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < BOUND, "it never came to be");
            thread::sleep(STALLED);
        }
    }

    #[test]
    fn a_job_runs() {
        let (sender, receiver) = channel();
        let ticket = CallPool::new(2, 0).submit(move || sender.send(7).unwrap());
        assert_eq!(receiver.recv_timeout(BOUND), Ok(7));
        wait_until(|| ticket.is_over());
    }

    #[test]
    fn hung_jobs_do_not_keep_others_from_running() {
        let pool = CallPool::new(8, 0);
        let (_hold, hung) = hang(&pool, STEADY);
        wait_until(|| hung.iter().all(Ticket::has_begun));
        let waiting = pool.submit(|| {});
        wait_until(|| {
            pool.relieve();
            waiting.is_over()
        });
    }

    #[test]
    fn calls_that_may_not_wait_have_a_thread_each() {
        let pool = CallPool::without_waiting(8, 0);
        let (hold, hung) = hang(&pool, 8);
        wait_until(|| hung.iter().all(Ticket::has_begun));
        assert_eq!(pool.threads(), 8);
        drop(hold);
    }

    /// Nobody has to ask for relief: threads that are known to hang do not count.
    #[test]
    fn once_they_are_known_to_hang_others_run_at_once() {
        let pool = CallPool::new(STEADY, 8);
        let (hold, hung) = hang(&pool, STEADY);
        wait_until(|| hung.iter().all(Ticket::has_begun));
        for ticket in &hung {
            pool.overdue(ticket);
        }
        assert_eq!(pool.hanging(), STEADY);
        let waiting = pool.submit(|| {});
        wait_until(|| waiting.is_over());
        drop(hold);
        wait_until(|| pool.hanging() == 0);
        assert!(hung.iter().all(Ticket::is_over));
    }

    #[test]
    fn one_that_is_late_before_it_begins_counts_from_its_beginning() {
        let pool = CallPool::new(1, 1);
        let (hold, hung) = hang(&pool, 2);
        wait_until(|| hung[0].has_begun());
        pool.overdue(&hung[1]);
        assert_eq!((pool.hanging(), hung[1].has_begun()), (0, false));
        pool.overdue(&hung[0]);
        wait_until(|| {
            pool.relieve();
            hung[1].has_begun()
        });
        assert!(pool.is_full());
        drop(hold);
        wait_until(|| pool.hanging() == 0);
    }

    #[test]
    fn there_is_a_limit() {
        let pool = CallPool::new(3, 2);
        let (hold, hung) = hang(&pool, 10);
        let relieved = |threads| {
            wait_until(|| {
                pool.relieve();
                pool.threads() == threads
            });
            for _ in 0..10 {
                thread::sleep(STALLED);
                pool.relieve();
                assert_eq!(pool.threads(), threads);
            }
        };
        relieved(3);
        for ticket in &hung {
            pool.overdue(ticket);
        }
        relieved(5);
        assert!(pool.is_full());
        drop(hold);
    }

    #[test]
    fn threads_that_are_not_needed_any_more_go() {
        let pool = CallPool::new(8, 0);
        let (hold, _hung) = hang(&pool, 8);
        wait_until(|| {
            pool.relieve();
            pool.threads() == 8
        });
        drop(hold);
        wait_until(|| pool.threads() <= STEADY);
    }
}
