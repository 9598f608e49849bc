//! The threads that plugin code runs on.
//!
//! A thread that runs foreign code can neither be trusted to come back nor be killed. So the pool
//! is elastic: a few threads serve all calls, and whoever waits for a call that has not begun asks
//! for one more. Threads that wait for work for a while go.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

type Job = Box<dyn FnOnce() + Send>;

/// How long a thread waits for work before it goes.
const IDLE: Duration = Duration::from_secs(30);
/// Threads started at once when calls come in; more only for calls that wait.
const EAGER: usize = 2;

/// The threads that plugin code runs on. Cheap to clone.
#[derive(Clone)]
pub struct CallPool(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    most: usize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

impl CallPool {
    /// A pool of at most so many threads.
    pub fn new(most: usize) -> Self {
        let shared = Shared { state: Mutex::default(), work: Condvar::new(), most: most.max(1) };
        Self(Arc::new(shared))
    }

    /// Queues a job. It must not panic: plugin code is called behind a border that catches.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) {
        let mut state = self.lock();
        state.queue.push_back(Box::new(job));
        if state.idle >= state.queue.len() {
            self.0.work.notify_one();
        } else if state.threads < EAGER {
            self.grow(&mut state);
        }
    }

    /// Adds a thread if work is waiting for one; called by whoever waits for that work.
    pub fn relieve(&self) {
        let mut state = self.lock();
        if state.queue.len() > state.idle && state.threads < self.0.most {
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
                drop(state);
                job();
                state = self.lock();
                continue;
            }
            state.idle += 1;
            let (guard, wait) =
                self.0.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = guard;
            state.idle -= 1;
            if wait.timed_out() && state.queue.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

fn spawn(serve: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name("plugin".to_owned()).spawn(serve).map(drop)
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
        for _ in 0..EAGER {
            let hang = Arc::clone(&hang);
            pool.submit(move || drop(hang.lock().unwrap().recv()));
        }
        let (sender, receiver) = channel();
        pool.submit(move || sender.send(()).unwrap());
        assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err(), "all threads hang");
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
            pool.relieve();
        }
        assert_eq!(pool.threads(), 3);
        drop(hold);
    }
}
