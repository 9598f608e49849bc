//! How long something took, and what that makes of it.

use gaxx_sdk::prelude::*;

/// From when on a success is too slow.
#[settings]
pub(crate) struct Slowness {
    /// From so long on it is degraded; never without it.
    pub(crate) degraded_after: Option<Duration>,
    /// From so long on it is unhealthy; never without it, but for the time that the check is given.
    pub(crate) unhealthy_after: Option<Duration>,
}

impl Slowness {
    pub(crate) fn judge(&self, took: Duration) -> Status {
        let reached = |limit: Option<Duration>| limit.is_some_and(|limit| took >= limit);
        if reached(self.unhealthy_after) {
            Status::Unhealthy
        } else if reached(self.degraded_after) {
            Status::Degraded
        } else {
            Status::Healthy
        }
    }
}

/// The worse of two.
pub(crate) fn worse(one: Status, other: Status) -> Status {
    let rank = |status| match status {
        Status::Healthy => 0,
        Status::Unknown => 1,
        Status::Degraded => 2,
        Status::Unhealthy => 3,
    };
    if rank(other) > rank(one) { other } else { one }
}
