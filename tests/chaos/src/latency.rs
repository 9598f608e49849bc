//! How late answers were.

use std::time::Duration;

use serde_json::{Value, json};

/// Times from when an answer was due to be asked for until it was there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latency {
    /// Ascending.
    times: Vec<Duration>,
}

impl Latency {
    /// Of these times.
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { times }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.times.len()
    }

    /// The least time, in milliseconds, that `percent` of a hundred do not exceed; zero of none.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.times.len() * percent).div_ceil(100).max(1);
        let time = self.times.get(rank - 1).copied().unwrap_or_default();
        time.as_secs_f64() * 1e3
    }

    /// For machines, in milliseconds.
    pub(crate) fn json(&self) -> Value {
        json!({
            "count": self.count(),
            "p50_ms": self.percentile(50),
            "p99_ms": self.percentile(99),
            "max_ms": self.percentile(100),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let latency = Latency::of((1..=200).rev().map(Duration::from_millis).collect());
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(latency.percentile(50), 100.0));
        assert!(near(latency.percentile(99), 198.0));
        assert!(near(latency.percentile(100), 200.0));
        assert!(near(Latency::default().percentile(99), 0.0));
    }
}
