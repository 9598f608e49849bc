//! What several runs of one measure gave.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// What several runs of one measure gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spread {
    /// Ascending.
    runs: Vec<f64>,
}

impl Spread {
    /// Of at least one run.
    pub(crate) fn of(runs: impl IntoIterator<Item = f64>) -> Self {
        let mut runs: Vec<f64> = runs.into_iter().collect();
        assert!(!runs.is_empty(), "nothing was measured");
        runs.sort_by(f64::total_cmp);
        Self { runs }
    }

    /// Durations, in milliseconds.
    pub(crate) fn milliseconds(runs: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(runs.into_iter().map(milliseconds))
    }

    /// The one in the middle.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The least value that so large a part of the runs does not exceed.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let rank = (part * self.runs.len() as f64).ceil() as usize;
        self.runs[rank.clamp(1, self.runs.len()) - 1]
    }

    /// Each run in another unit; `change` keeps the order.
    pub(crate) fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        Self {
            runs: self.runs.iter().copied().map(change).collect(),
        }
    }

    /// How large the median is beside another's.
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        self.median() / other.median()
    }
}

/// `1.23 (1.20-1.31)`; with `{:#}` the median alone.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&short(self.median()))?;
        if f.alternate() {
            return Ok(());
        }
        let (low, high) = (self.quantile(0.0), self.quantile(1.0));
        write!(f, " ({}-{})", short(low), short(high))
    }
}

/// Three figures, as far as they say something.
fn short(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// How long a call takes in nanoseconds: `runs` runs of `calls` calls each, after one to warm up.
pub(crate) fn nanoseconds(runs: usize, calls: u32, mut call: impl FnMut()) -> Spread {
    let mut run = || {
        let start = Instant::now();
        for _ in 0..calls {
            call();
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
    };
    run();
    Spread::of((0..runs).map(|_| run()))
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
