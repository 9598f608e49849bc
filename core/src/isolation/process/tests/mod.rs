//! The core's side, with children that a thread plays, and with processes that misbehave.
#![allow(clippy::unwrap_used, clippy::float_cmp)]
// All scripts of puppets have one signature.
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps)]

mod deaths;
mod host;
mod lines;
mod profile;
mod puppet;
mod requests;
mod seats;
mod service;

use std::{
    thread,
    time::{Duration, Instant},
};

/// Far longer than anything here takes.
const BOUND: Duration = Duration::from_mins(1);

/// Waits until that is so.
fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + BOUND;
    while !is_so() {
        assert!(Instant::now() < end, "it never came to be");
        thread::sleep(Duration::from_millis(1));
    }
}
