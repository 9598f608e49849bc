//! How long a call may take.

use std::time::{Duration, Instant};

/// The moment by which a call should have returned.
///
/// The host does not wait longer: it counts the call as late, keeps the component's last values
/// for a while and does not call it again before it has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that lies so far ahead.
    pub fn after(time: Duration) -> Self {
        let now = Instant::now();
        // A day is as good as for ever, and cannot overflow.
        Self(now + time.min(Duration::from_hours(24)))
    }

    pub(crate) fn from_nanos(nanos: u64) -> Self {
        Self::after(Duration::from_nanos(nanos))
    }

    /// What is left of it; zero once it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }

    /// The moment itself.
    pub fn instant(self) -> Instant {
        self.0
    }

    pub(crate) fn as_nanos(self) -> u64 {
        u64::try_from(self.remaining().as_nanos()).unwrap_or(u64::MAX)
    }
}
