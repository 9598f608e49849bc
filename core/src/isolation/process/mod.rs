//! A child as a process: how it is started, what it may use, how it ends, and what comes then.
//!
//! ```text
//!  proxies ── Child ── Status: up, with a Process; or down, and why
//!               │ rung when the last proxy goes
//!           Attendant, a thread: spawn → serve its host socket, read what it prints, wait for its
//!                                end → name the end → wait a while → spawn ...
//! ```

mod allowance;
mod attendant;
mod backoff;
mod child;
mod ending;
mod limits;
mod output;
mod profile;
mod run;
mod seats;
mod service;
mod signal;
mod spawn;
mod status;

pub(super) use self::{
    allowance::Allowance,
    attendant::wait,
    child::Child,
    ending::{Ending, fault},
    output::Output,
    run::{Process, pass},
    signal::describe as signal_in_words,
    spawn::{Reaper, again},
};
pub use self::{
    ending::Cause,
    status::{State, Status},
};
#[cfg(test)]
mod tests;
