//! Waiting for something to become true.

use std::fmt::Display;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a test waits for what should take well under a second. It is long because two cores
/// may be building something else meanwhile; a passing test never waits that long.
pub const BOUND: Duration = Duration::from_mins(1);

const PAUSE: Duration = Duration::from_millis(50);

/// Asks again and again until there is a value, at most for `bound`.
///
/// The error is the last reason that `attempt` gave.
pub fn wait_for<T, E: Display>(
    bound: Duration,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> Result<T, String> {
    let start = Instant::now();
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(reason) if start.elapsed() >= bound => {
                return Err(format!("not within {} s: {reason}", bound.as_secs()));
            }
            Err(_) => sleep(PAUSE),
        }
    }
}

/// Waits until `condition` holds, at most [`BOUND`]; panics with `what` if it never does.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let waited = wait_for(BOUND, || if condition() { Ok(()) } else { Err(what) });
    if let Err(reason) = waited {
        panic!("{reason}");
    }
}
