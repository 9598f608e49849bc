//! When a component runs, and how long it may take.

use std::time::Duration;

/// When a component runs, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From one call to the next.
    pub interval: Duration,
    /// How long one call may take.
    pub deadline: Duration,
    /// How long the last values are kept once calls fail or are late.
    pub keep: Duration,
}

/// Nanoseconds as the ABI wants them.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
