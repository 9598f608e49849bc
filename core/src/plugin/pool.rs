//! The threads that plugin code runs on.
//!
//! A thread that runs foreign code can neither be trusted to come back nor be killed. So the pool
//! is elastic: a few threads serve all calls, and whoever waits for a call that has not begun asks
//! for more. More threads only help where calls hang or are slow, and each costs memory, so they
//! come only when no call has begun for a while, and go as soon as they have nothing to do.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that stay, and that are started at once when calls come in.
const STEADY: usize = 2;
/// Where no call has begun for this long though some wait, the threads are taken to hang.
const STALLED: Duration = Duration::from_millis(5);

/// The threads that plugin code runs on. Cheap to clone.
#[derive(Clone)]
pub struct CallPool(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    most: usize,
}

struct State {
    queue: VecDeque<Job>,
    threads: usize,
    idle: usize,
    /// When the queue last moved: a call begun, or the first one come.
    moved: Instant,
}

impl CallPool {
    /// A pool of at most so many threads.
    pub fn new(most: usize) -> Self {
        let state = State {
            queue: VecDeque::new(),
            threads: 0,
            idle: 0,
            moved: Instant::now(),
        };
        let shared = Shared {
            state: Mutex::new(state),
            work: Condvar::new(),
            most: most.max(1),
        };
        Self(Arc::new(shared))
    }

    /// Queues a job. It must not panic: plugin code is called behind a border that catches.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) {
        let mut state = self.lock();
        if state.queue.is_empty() {
            state.moved = Instant::now();
        }
        state.queue.push_back(Box::new(job));
        if state.idle >= state.queue.len() {
            self.0.work.notify_one();
        } else if state.threads < STEADY.min(self.0.most) {
            self.grow(&mut state);
        }
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
        let wanted = state.threads.max(1).min(state.queue.len() - state.idle);
        for _ in 0..wanted.min(self.0.most.saturating_sub(state.threads)) {
            self.grow(&mut state);
        }
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
        let pool = self.clone();
        match spawn(move || pool.serve()) {
            Ok(()) => state.threads += 1,
            // The work stays queued; whoever waits for it asks again.
            Err(error) => tracing::warn!(%error, "cannot start a thread for plugin calls"),
        }
    }

    fn serve(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.queue.pop_front() {
                state.moved = Instant::now();
                drop(state);
                job();
                state = self.lock();
            } else if state.idle < STEADY {
                state.idle += 1;
                state = self
                    .0
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            } else {
                state.threads -= 1;
                return;
            }
        }
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

    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_job_runs() {
        let (sender, receiver) = channel();
        CallPool::new(2).submit(move || sender.send(7).unwrap());
        assert_eq!(receiver.recv_timeout(Duration::from_secs(10)), Ok(7));
    }

    #[test]
    fn hung_jobs_do_not_keep_others_from_running() {
        let pool = CallPool::new(8);
        let (_hold, hang) = channel::<()>();
        let hang = Arc::new(Mutex::new(hang));
        for _ in 0..STEADY {
            let hang = Arc::clone(&hang);
            pool.submit(move || drop(hang.lock().unwrap().recv()));
        }
        let (sender, receiver) = channel();
        pool.submit(move || sender.send(()).unwrap());
        assert!(
            receiver.recv_timeout(STALLED * 2).is_err(),
            "all threads hang"
        );
        pool.relieve();
        assert_eq!(receiver.recv_timeout(Duration::from_secs(10)), Ok(()));
    }

    #[test]
    fn there_is_a_limit() {
        let pool = CallPool::new(3);
        let (hold, hang) = channel::<()>();
        let hang = Arc::new(Mutex::new(hang));
        for _ in 0..10 {
            let hang = Arc::clone(&hang);
            pool.submit(move || drop(hang.lock().unwrap().recv()));
            thread::sleep(STALLED);
            pool.relieve();
        }
        assert_eq!(pool.threads(), 3);
        drop(hold);
    }

    #[test]
    fn threads_that_are_not_needed_any_more_go() {
        let pool = CallPool::new(8);
        let (hold, hang) = channel::<()>();
        let hang = Arc::new(Mutex::new(hang));
        for _ in 0..8 {
            let hang = Arc::clone(&hang);
            pool.submit(move || drop(hang.lock().unwrap().recv()));
        }
        while pool.threads() < 8 {
            thread::sleep(STALLED);
            pool.relieve();
        }
        drop(hold);
        while pool.threads() > STEADY {
            thread::sleep(STALLED);
        }
    }
}
