//! Keeps a component from filling the log.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::registry::Owner;

/// Lines that a component may log in a [`WINDOW`].
const LINES: u32 = 100;
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
    /// Takes a line of this component from the budget. What goes over it is left out, and the log
    /// says so once in a window.
    pub(super) fn take(&self, component: &Owner) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.is_none_or(|began| began.elapsed() > WINDOW) {
            *window = Window {
                began: Some(Instant::now()),
                lines: 0,
            };
        }
        window.lines = window.lines.saturating_add(1);
        if window.lines == LINES + 1 {
            let seconds = WINDOW.as_secs();
            tracing::warn!(%component, "logs more than {LINES} lines in {seconds} s: the rest is left out");
        }
        window.lines <= LINES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_budget_is_left_out() {
        let (budget, owner) = (LogBudget::default(), Owner::new("a", "b"));
        let taken = (0..LINES * 3).filter(|_| budget.take(&owner)).count();
        assert_eq!(taken, LINES as usize);
    }
}
