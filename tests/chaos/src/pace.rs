//! Something done at a steady rate.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

/// Calls `act` every `interval` until told to stop, and tells it when it was due. Times that passed
/// while it was at work are left out, as Prometheus leaves them out.
pub(crate) fn keep(interval: Duration, stop: &AtomicBool, mut act: impl FnMut(Instant)) {
    let mut due = Instant::now() + interval;
    while !stop.load(Ordering::Relaxed) {
        sleep(due.saturating_duration_since(Instant::now()));
        act(due);
        due = (due + interval).max(Instant::now());
    }
}
