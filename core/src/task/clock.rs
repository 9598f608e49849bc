//! Moments that fit into an atomic number.

use std::{sync::LazyLock, time::Instant};

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Now, in nanoseconds since the first time somebody asked.
pub(super) fn now() -> u64 {
    // 64 bits are five hundred years.
    u64::try_from(ORIGIN.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// How long that is, in seconds.
pub(super) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}
