//! Whether a file system has room, and for how long yet.

use std::{collections::VecDeque, path::PathBuf, time::Instant};

use gaxx_sdk::prelude::*;

use crate::{not_set, slowness::worse};

gaxx_sdk::component!(check "disk" => Disk, "Whether a file system has room, and for how long yet.");

/// So many measurements are kept of a window at most.
const MOST: usize = 600;
/// Of fewer measurements nothing can be said of the future.
const FEWEST: usize = 5;

#[settings]
pub(crate) struct Settings {
    /// A file system. Without it no such check is made.
    disk: Option<Wanted>,
}

/// A file system.
#[settings]
pub(crate) struct Wanted {
    /// A path on it.
    path: PathBuf,
    /// From so little on that is free it is degraded, in percent of what users can have.
    #[default(10.0)]
    free_degraded: f64,
    /// From so little on that is free it is unhealthy, in percent of what users can have.
    #[default(5.0)]
    free_unhealthy: f64,
    /// From so little time on until it will be full it is degraded; without it nothing is foretold.
    full_within_degraded: Option<Duration>,
    /// From so little time on until it will be full it is unhealthy.
    full_within_unhealthy: Option<Duration>,
    /// The past from which it is foretold.
    #[default(Duration::from_hours(1))]
    window: Duration,
}

struct Disk {
    wanted: Wanted,
    past: Past,
}

impl Component for Disk {
    type Settings = Settings;
    const ASKED_BY: Option<&'static str> = Some("disk");

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        let wanted = settings.disk.ok_or_else(|| not_set("disk"))?;
        let shares = [
            ("disk.free_degraded", wanted.free_degraded),
            ("disk.free_unhealthy", wanted.free_unhealthy),
        ];
        for (key, share) in shares {
            if !(0.0..=100.0).contains(&share) {
                return Err(Error::settings(format!("{key} is not between 0 and 100")));
            }
        }
        if wanted.window.is_zero() {
            return Err(Error::settings("disk.window is 0").remedy("an hour is usual"));
        }
        Ok(Self {
            past: Past::new(wanted.window),
            wanted,
        })
    }
}

impl HealthCheck for Disk {
    fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
        let path = self.wanted.path.display().to_string();
        let about = rustix::fs::statvfs(&self.wanted.path);
        let about = about.map_err(|error| Error::failed(format!("{path}: {error}")))?;
        let used = about.f_blocks.saturating_sub(about.f_bfree) as f64 * about.f_frsize as f64;
        let free = about.f_bavail as f64 * about.f_frsize as f64;
        self.past.note(Instant::now(), used);
        if used + free <= 0.0 {
            return Ok(Verdict::healthy(format!("{path} has no room of its own")));
        }
        // As df counts: what only root can have is neither used nor free.
        let share = free / (used + free) * 100.0;
        let status = match share {
            share if share <= self.wanted.free_unhealthy => Status::Unhealthy,
            share if share <= self.wanted.free_degraded => Status::Degraded,
            _ => Status::Healthy,
        };
        let mut verdict = Verdict::new(status, format!("{share:.1} % of {path} are free"));
        if let Some(time) = self.past.full_in(free) {
            let within = |limit: Option<Duration>| limit.is_some_and(|limit| time <= limit);
            let foretold = if within(self.wanted.full_within_unhealthy) {
                Status::Unhealthy
            } else if within(self.wanted.full_within_degraded) {
                Status::Degraded
            } else {
                Status::Healthy
            };
            let minutes = time.as_secs() / 60;
            if foretold != Status::Healthy {
                verdict.status = worse(verdict.status, foretold);
                let (hours, minutes) = (minutes / 60, minutes % 60);
                let message = format!("; at this rate it is full in {hours} h {minutes} min");
                verdict.message.push_str(&message);
            }
            verdict = verdict.detail("full_in_minutes", minutes);
        }
        let share = format!("{share:.2}");
        Ok(verdict
            .detail("free_percent", share)
            .detail("free_bytes", free))
    }
}

/// What was used, and when.
struct Past {
    window: Duration,
    used: VecDeque<(Instant, f64)>,
}

impl Past {
    fn new(window: Duration) -> Self {
        Self {
            window,
            used: VecDeque::new(),
        }
    }

    fn note(&mut self, now: Instant, used: f64) {
        let step = self.window / u32::try_from(MOST).unwrap_or(u32::MAX);
        // More often than that tells nothing new.
        if self
            .used
            .back()
            .is_none_or(|(last, _)| now.duration_since(*last) >= step)
        {
            self.used.push_back((now, used));
        }
        while self
            .used
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > self.window)
        {
            self.used.pop_front();
        }
    }

    /// When so many bytes more will be used, by the line that fits the past best (least squares); nothing
    /// where it does not fill, or the past is too short.
    fn full_in(&self, free: f64) -> Option<Duration> {
        let (first, last) = (self.used.front()?.0, self.used.back()?.0);
        let is_short = last.duration_since(first) < self.window / 10;
        if self.used.len() < FEWEST || is_short {
            return None;
        }
        let count = self.used.len() as f64;
        let points = || {
            let since = |at: Instant| at.duration_since(first).as_secs_f64();
            self.used.iter().map(move |(at, used)| (since(*at), *used))
        };
        let time = points().map(|(time, _)| time).sum::<f64>() / count;
        let used = points().map(|(_, used)| used).sum::<f64>() / count;
        let spread: f64 = points().map(|(at, _)| (at - time) * (at - time)).sum();
        let common: f64 = points().map(|(at, it)| (at - time) * (it - used)).sum();
        let rate = common / spread;
        if rate <= 0.0 || !rate.is_finite() {
            return None;
        }
        // So far ahead nobody looks.
        Duration::try_from_secs_f64(free / rate).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_sdk::{json, serde_json, testing};

    use super::*;

    #[test]
    fn a_steady_rate_is_foretold() {
        let start = Instant::now();
        let at = |minute: u64| start + Duration::from_mins(minute);
        let mut past = Past::new(Duration::from_hours(1));
        for minute in 0..30 {
            past.note(at(minute), 1000.0 + minute as f64 * 60.0);
            let foretold = past.full_in(3600.0);
            // Not before it has seen a tenth of its window.
            assert_eq!(foretold.is_some(), minute >= 6, "{minute}");
        }
        // A byte a second.
        let seconds = past.full_in(3600.0).unwrap().as_secs_f64();
        assert!((seconds - 3600.0).abs() < 1.0, "{seconds}");
        // What is long ago is forgotten.
        for minute in 30..120 {
            past.note(at(minute), 5000.0);
        }
        assert_eq!(past.full_in(3600.0), None);
        assert!(past.used.len() <= 62);
    }

    #[test]
    fn often_asked_it_keeps_no_more() {
        let start = Instant::now();
        let mut past = Past::new(Duration::from_mins(10));
        for millis in 0..100_000 {
            past.note(start + Duration::from_millis(millis * 10), 1.0);
        }
        assert!(past.used.len() <= MOST + 1);
    }

    #[test]
    fn what_is_free_decides() {
        let status = |more: serde_json::Value| {
            let mut settings = more;
            settings["path"] = json!("/");
            let mut check = testing::check::<Disk>(json!({ "disk": settings })).unwrap();
            check.check().unwrap().status
        };
        assert_eq!(
            status(json!({"free_degraded": 100, "free_unhealthy": 0})),
            Status::Degraded
        );
        assert_eq!(status(json!({"free_unhealthy": 100})), Status::Unhealthy);
        assert_eq!(
            status(json!({"free_degraded": 0, "free_unhealthy": 0})),
            Status::Healthy
        );
        for (settings, key) in [
            (json!({"path": "/", "free_degraded": 101}), "free_degraded"),
            (json!({"path": "/", "window": "0s"}), "window"),
        ] {
            let made = testing::check::<Disk>(json!({ "disk": settings }));
            assert!(made.map(drop).unwrap_err().message().contains(key));
        }
        let mut gone = testing::check::<Disk>(json!({"disk": {"path": "/no/such"}})).unwrap();
        assert!(gone.check().is_err());
    }
}
