//! The samples of a histogram, put together.

use super::{Series, Value, labels::Labels, line::number};

/// What was read of one series so far.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Bounds and counts.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: Option<f64>,
}

impl Parts {
    /// Takes a sample whose name ends so.
    pub(super) fn take(
        &mut self,
        suffix: &str,
        bound: Option<&str>,
        value: f64,
    ) -> Result<(), &'static str> {
        let place = match suffix {
            "_sum" => &mut self.sum,
            "_count" => &mut self.count,
            _ => {
                let bound = bound.ok_or("a bucket has no label `le`")?;
                let bound = number(bound).filter(|bound| !bound.is_nan());
                let bound = bound.ok_or("the label `le` is no number")?;
                self.buckets.push((bound, value));
                return Ok(());
            }
        };
        match place.replace(value) {
            None => Ok(()),
            Some(_) => Err("a sample stands twice"),
        }
    }

    pub(super) fn finish(mut self, labels: Labels) -> Result<Series, &'static str> {
        self.buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        if self
            .buckets
            .windows(2)
            .any(|pair| matches!(pair, [one, next] if one.0 >= next.0))
        {
            return Err("a bucket stands twice");
        }
        let Some((f64::INFINITY, total)) = self.buckets.pop() else {
            return Err("a histogram has no bucket with le=\"+Inf\"");
        };
        let sum = self.sum.ok_or("a histogram has no _sum")?;
        let count = self.count.unwrap_or(total);
        if self.buckets.iter().any(|(bound, _)| bound.is_infinite()) {
            return Err("a histogram has a bucket with le=\"-Inf\"");
        }
        let (bounds, cumulative): (Vec<f64>, Vec<f64>) = self.buckets.into_iter().unzip();
        // Two ways to write the same number: neither may be the smaller one.
        if !cumulative
            .iter()
            .chain([&total, &count, &total])
            .is_sorted()
        {
            return Err("the counts of a histogram do not ascend to its _count");
        }
        let value = Value::Distribution {
            bounds,
            cumulative,
            count,
            sum,
        };
        Ok(Series { labels, value })
    }
}
