//! Keeps a component from filling the log.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Lines that a component may log in a [`WINDOW`].
const LINES: u32 = 200;
const WINDOW: Duration = Duration::from_secs(10);

/// How much a component has logged of late.
#[derive(Debug, Default)]
pub(super) struct LogBudget(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    lines: u32,
}

impl LogBudget {
    /// Takes a line from the budget. What goes over it is left out; the first line that is says so.
    pub(super) fn take(&self) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.is_none_or(|began| began.elapsed() > WINDOW) {
            let lost = window.lines.saturating_sub(LINES);
            *window = Window { began: Some(Instant::now()), lines: 0 };
            if lost > 0 {
                tracing::warn!(lost, "log lines of a component were left out: it logs too much");
            }
        }
        window.lines = window.lines.saturating_add(1);
        window.lines <= LINES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_budget_is_left_out() {
        let budget = LogBudget::default();
        let taken = (0..LINES * 3).filter(|_| budget.take()).count();
        assert_eq!(taken, LINES as usize);
    }
}
