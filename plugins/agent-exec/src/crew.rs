//! The threads that requests are answered on: each has one, from its body to its answer.

use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use gaxx_sdk::log::error;

/// How long a thread waits for more work. Making one costs about as much as two switches.
const IDLE: Duration = Duration::from_secs(10);
/// Bytes of a thread's stack. Nothing here goes deep.
const STACK: usize = 512 << 10;

/// Work for one thread.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// Threads that are made when there is work for them, and end when there has been none for a while.
#[derive(Clone)]
pub(crate) struct Crew(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    ended: Condvar,
    most: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    idle: usize,
    threads: usize,
    closed: bool,
}

impl Crew {
    /// A crew of so many threads at most.
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            ended: Condvar::new(),
            most,
        }))
    }

    /// Whether another request may come. Jobs that serve one which is here already always may.
    pub(crate) fn has_room(&self) -> bool {
        let state = self.0.lock();
        !state.closed && state.threads - state.idle + state.jobs.len() < self.0.most
    }

    /// Does the job on a thread, at once. Where the system gives no thread it is done on this one.
    pub(crate) fn run_always(&self, job: Job) {
        let mut state = self.0.lock();
        state.jobs.push_back(job);
        if state.idle >= state.jobs.len() {
            drop(state);
            self.0.work.notify_one();
            return;
        }
        state.threads += 1;
        drop(state);
        let shared = Arc::clone(&self.0);
        let made = thread::Builder::new()
            .name("exec".into())
            .stack_size(STACK)
            .spawn(move || shared.serve());
        if let Err(error) = made {
            error!("there is no thread for a request: {error} (raise the limit of processes)");
            let mut state = self.0.lock();
            state.threads -= 1;
            let job = state.jobs.pop_back();
            drop(state);
            if let Some(job) = job {
                job();
            }
        }
    }

    /// Ends all threads once their work is done; whether all have ended by then.
    pub(crate) fn close(&self, until: Instant) -> bool {
        let mut state = self.0.lock();
        state.closed = true;
        self.0.work.notify_all();
        while state.threads > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.ended.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // Its reply is dropped with it, which the caller is told as an error.
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    error!("a request was given up: its thread panicked");
                }
                state = self.lock();
                continue;
            }
            if state.closed {
                break;
            }
            state.idle += 1;
            let (next, waited) = self
                .work
                .wait_timeout(state, IDLE)
                .unwrap_or_else(PoisonError::into_inner);
            state = next;
            state.idle -= 1;
            if waited.timed_out() && state.jobs.is_empty() {
                break;
            }
        }
        state.threads -= 1;
        self.ended.notify_all();
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("most", &self.0.most)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    #[test]
    fn jobs_that_wait_for_each_other_run_at_once() {
        let crew = Crew::new(2);
        let barrier = Arc::new(std::sync::Barrier::new(8));
        for _ in 0..8 {
            let barrier = Arc::clone(&barrier);
            crew.run_always(Box::new(move || {
                barrier.wait();
            }));
        }
        assert!(crew.close(soon()));
    }

    #[test]
    fn a_panic_costs_no_thread_and_a_full_crew_says_so() {
        let crew = Crew::new(1);
        assert!(crew.has_room());
        crew.run_always(Box::new(|| panic!("expected")));
        let (sender, receiver) = mpsc::channel::<()>();
        crew.run_always(Box::new(move || receiver.recv().unwrap_or_default()));
        assert!(!crew.has_room());
        drop(sender);
        assert!(crew.close(soon()));
        assert!(!crew.has_room(), "it is closed");
    }
}
