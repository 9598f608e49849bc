//! Gives unused memory back, and remembers that.

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde::Serialize;
use tikv_jemalloc_ctl::{epoch, stats};

use super::{control, figures};

/// Of how many purges the time is kept.
const KEPT: usize = 16;

static RECORD: Mutex<Record> = Mutex::new(Record::new());

/// What a purge did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Purge {
    /// By how much the allocator's memory shrank.
    pub released_bytes: usize,
    /// How long the allocator was busy with it.
    pub duration_seconds: f64,
    /// The allocator's memory afterwards.
    pub resident_bytes: usize,
}

/// The purges of this process since its start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Purges {
    /// How often the allocator gave pages back, by itself or because somebody asked.
    pub count: u64,
    /// How often somebody asked.
    pub asked: u64,
    /// How long the last took that was asked for.
    pub last_seconds: Option<f64>,
    /// How long those took together that were asked for.
    pub total_seconds: f64,
    /// How much they gave back together.
    pub released_bytes: u64,
    /// How long each took that was asked for, the newest first; at most 16.
    pub recent_seconds: Vec<f64>,
}

/// Those that were asked for.
struct Record {
    asked: u64,
    total: Duration,
    released: u64,
    /// The newest first.
    recent: VecDeque<Duration>,
}

/// Gives all unused pages back to the system. What threads keep of freed memory for themselves
/// stays with them.
///
/// # Errors
///
/// What jemalloc answers, which does not refuse this.
pub fn purge() -> io::Result<Purge> {
    // One after the other: what one gives back is not counted by another.
    let mut record = RECORD.lock();
    let before = resident()?;
    let began = Instant::now();
    control::purge()?;
    let took = began.elapsed();
    let after = resident()?;
    let released = before.saturating_sub(after);
    record.add(took, released as u64);
    Ok(Purge {
        released_bytes: released,
        duration_seconds: took.as_secs_f64(),
        resident_bytes: after,
    })
}

/// The purges of this process since its start; nothing where the allocator does not answer.
pub fn purges() -> Option<Purges> {
    let count = figures()?.purges;
    let record = RECORD.lock();
    let recent_seconds: Vec<_> = record.recent.iter().map(Duration::as_secs_f64).collect();
    Some(Purges {
        count,
        asked: record.asked,
        last_seconds: recent_seconds.first().copied(),
        total_seconds: record.total.as_secs_f64(),
        released_bytes: record.released,
        recent_seconds,
    })
}

impl Record {
    const fn new() -> Self {
        Self {
            asked: 0,
            total: Duration::ZERO,
            released: 0,
            recent: VecDeque::new(),
        }
    }

    fn add(&mut self, took: Duration, released: u64) {
        self.asked += 1;
        self.total = self.total.saturating_add(took);
        self.released = self.released.saturating_add(released);
        self.recent.truncate(KEPT - 1);
        self.recent.push_front(took);
    }
}

fn resident() -> io::Result<usize> {
    epoch::advance()
        .and_then(|_| stats::resident::read())
        .map_err(|error| io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::hint::black_box;

    use super::*;

    #[test]
    fn freed_memory_is_given_back_and_that_is_remembered() {
        const SIZE: usize = 64 << 20;
        // Pieces this small stay with the allocator when they are freed. They are touched.
        let held: Vec<[u8; 1024]> = vec![[1; 1024]; 1];
        let pieces: Vec<_> = (0..SIZE / 1024).map(|_| held.clone()).collect();
        drop(black_box(pieces));
        let before = purges().unwrap();
        let purge = purge().unwrap();
        let after = purges().unwrap();
        assert!(purge.resident_bytes > 0);
        assert!(after.count > before.count && after.asked > before.asked);
        assert!(after.released_bytes >= before.released_bytes + purge.released_bytes as u64);
        assert!(
            after.recent_seconds.contains(&purge.duration_seconds),
            "{after:?}"
        );
        assert!(after.total_seconds >= purge.duration_seconds);
    }

    #[test]
    fn the_last_sixteen_are_kept() {
        let mut record = Record::new();
        for second in 0..20 {
            record.add(Duration::from_secs(second), 5);
        }
        let recent: Vec<_> = record.recent.iter().map(Duration::as_secs).collect();
        assert_eq!(recent, (4..20).rev().collect::<Vec<_>>());
        assert_eq!((record.asked, record.released), (20, 100));
        assert_eq!(record.total, Duration::from_secs(190));
    }
}
