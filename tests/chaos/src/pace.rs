//! Something done at a steady rate.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

/// Calls `act` every `interval` until told to stop, and tells it when it was due. What takes longer
/// than the interval is followed by the next at once, which is late then, and none is left out: so a
/// client sees a pause as the clients that it stands for would.
pub(crate) fn keep(interval: Duration, stop: &AtomicBool, mut act: impl FnMut(Instant)) {
    let mut due = Instant::now() + interval;
    while !stop.load(Ordering::Relaxed) {
        sleep(due.saturating_duration_since(Instant::now()));
        act(due);
        due += interval;
    }
}
