//! How many commands run at once, and who waits for his turn.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How often it is looked whether one who waits is still there.
const LOOK: Duration = Duration::from_millis(50);

/// Lets so many commands run at once, in all and of each rule; a bounded number waits, in order.
#[derive(Debug)]
pub(crate) struct Gate {
    state: Mutex<State>,
    freed: Condvar,
    most: usize,
    queue: usize,
    of_rule: Vec<usize>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    of_rule: Vec<usize>,
    /// Tickets and their rules.
    waiting: VecDeque<(u64, usize)>,
    next: u64,
}

/// The right to run a command, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    gate: Arc<Gate>,
    rule: usize,
}

/// Why there is no turn for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoTurn {
    #[error("as many commands run, and as many requests wait, as may")]
    Full,
    #[error("the request has waited for its turn as long as it may")]
    Late,
    #[error("the request was cancelled before its turn")]
    Gone,
}

impl Gate {
    /// `of_rule` has a limit for each rule.
    pub(crate) fn new(most: usize, queue: usize, of_rule: Vec<usize>) -> Arc<Self> {
        let state = State {
            of_rule: vec![0; of_rule.len()],
            ..State::default()
        };
        Arc::new(Self {
            state: Mutex::new(state),
            freed: Condvar::new(),
            most,
            queue,
            of_rule,
        })
    }

    /// Waits for a turn, as long as `has_gone` does not say that nobody wants it any more.
    pub(crate) fn enter(
        self: &Arc<Self>,
        rule: usize,
        patience: Duration,
        mut has_gone: impl FnMut() -> bool,
    ) -> Result<Place, NoTurn> {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        let ticket = state.next;
        state.next += 1;
        state.waiting.push_back((ticket, rule));
        loop {
            if self.is_next(&state, ticket) {
                state.waiting.retain(|(other, _)| *other != ticket);
                state.running += 1;
                if let Some(count) = state.of_rule.get_mut(rule) {
                    *count += 1;
                }
                // Another may be next by now.
                self.freed.notify_all();
                return Ok(Place {
                    gate: Arc::clone(self),
                    rule,
                });
            }
            let refused = if state.waiting.len() > self.queue
                && state.waiting.back().is_some_and(|it| it.0 == ticket)
            {
                Some(NoTurn::Full)
            } else if Instant::now() >= until {
                Some(NoTurn::Late)
            } else if has_gone() {
                Some(NoTurn::Gone)
            } else {
                None
            };
            if let Some(refused) = refused {
                state.waiting.retain(|(other, _)| *other != ticket);
                self.freed.notify_all();
                return Err(refused);
            }
            let waited = self.freed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How many run, and how many wait.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.running, state.waiting.len())
    }

    /// Whether there is room, and nobody before this one could use it.
    fn is_next(&self, state: &State, ticket: u64) -> bool {
        let has_room = |rule: usize| {
            let (running, most) = (state.of_rule.get(rule), self.of_rule.get(rule));
            running
                .zip(most)
                .is_none_or(|(running, most)| running < most)
        };
        let first = state.waiting.iter().find(|(_, rule)| has_room(*rule));
        state.running < self.most && first.is_some_and(|(first, _)| *first == ticket)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        state.running -= 1;
        if let Some(count) = state.of_rule.get_mut(self.rule) {
            *count -= 1;
        }
        if !state.waiting.is_empty() {
            self.gate.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn no_more_run_than_may() {
        let gate = Gate::new(2, 0, vec![2, 1]);
        let enter = |rule| gate.enter(rule, LONG, || false);
        let first = enter(1).unwrap();
        assert_eq!(
            enter(1).unwrap_err(),
            NoTurn::Full,
            "of its rule there is one already"
        );
        let second = enter(0).unwrap();
        assert_eq!(enter(0).unwrap_err(), NoTurn::Full);
        assert_eq!(gate.counts(), (2, 0));
        drop((first, second));
        assert_eq!(gate.counts(), (0, 0));
        assert!(enter(1).is_ok());
    }

    #[test]
    fn who_waits_comes_in_when_there_is_room() {
        let gate = Gate::new(1, 1, vec![1]);
        let place = gate.enter(0, LONG, || false).unwrap();
        assert_eq!(
            gate.enter(0, Duration::ZERO, || false).unwrap_err(),
            NoTurn::Late
        );
        assert_eq!(gate.enter(0, LONG, || true).unwrap_err(), NoTurn::Gone);
        let other = Arc::clone(&gate);
        let waits = thread::spawn(move || other.enter(0, LONG, || false).is_ok());
        while gate.counts().1 == 0 {
            thread::yield_now();
        }
        assert_eq!(gate.enter(0, LONG, || false).unwrap_err(), NoTurn::Full);
        drop(place);
        assert!(waits.join().unwrap());
        assert_eq!(gate.counts(), (0, 0));
    }

    #[test]
    fn a_full_rule_holds_up_no_other() {
        let gate = Gate::new(2, 2, vec![1, 2]);
        let place = gate.enter(0, LONG, || false).unwrap();
        let other = Arc::clone(&gate);
        let waits = thread::spawn(move || other.enter(0, LONG, || false).map(drop));
        while gate.counts().1 == 0 {
            thread::yield_now();
        }
        let passed = gate.enter(1, LONG, || false).unwrap();
        drop(place);
        assert!(waits.join().unwrap().is_ok());
        drop(passed);
    }
}
