//! Whether an exporter delivers.

use std::time::{Duration, Instant, SystemTime};

use gaxx_abi::{
    Attribute, Verdict,
    component::status::{DEGRADED, HEALTHY, UNHEALTHY},
};
use humantime::format_duration;

use crate::config::ExportThresholds;

/// So many failures in a row are more than bad luck.
const MANY: u32 = 3;

/// How an exporter does.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// How many batches wait.
    pub waiting: u64,
    /// When the oldest of them was made.
    pub oldest: Option<SystemTime>,
    /// How many tries in a row have failed.
    pub failures: u32,
    /// Why the last of them did.
    pub failure: String,
    /// When batches were lost for the last time, and why.
    pub lost: Option<(Instant, &'static str)>,
}

impl Condition {
    /// Whether it delivers.
    pub fn verdict(&self, now: SystemTime, thresholds: &ExportThresholds) -> Verdict {
        let (degraded, unhealthy) = (thresholds.degraded.get(), thresholds.unhealthy.get());
        let age = self
            .oldest
            .map(|oldest| now.duration_since(oldest).unwrap_or_default());
        let age = age.unwrap_or_default();
        let lost = self.lost.filter(|(at, _)| at.elapsed() < unhealthy);
        let status = if lost.is_some() || age >= unhealthy {
            UNHEALTHY
        } else if age >= degraded || self.failures >= MANY {
            DEGRADED
        } else {
            HEALTHY
        };
        let message = match (lost, status) {
            (_, HEALTHY) => "it delivers".to_owned(),
            (Some((_, reason)), _) => format!("batches were lost: {reason}"),
            (None, _) if self.failure.is_empty() => {
                format!("the oldest batch has waited for {}", seconds(age))
            }
            (None, _) => format!(
                "the oldest batch has waited for {}: {}",
                seconds(age),
                self.failure
            ),
        };
        Verdict {
            status,
            message: message.into(),
            details: vec![
                fact("waiting", &self.waiting),
                fact("oldest", &seconds(age)),
                fact("failures", &self.failures),
            ]
            .into(),
        }
    }
}

fn seconds(age: Duration) -> String {
    format_duration(Duration::from_secs(age.as_secs())).to_string()
}

fn fact(name: &str, value: &impl ToString) -> Attribute {
    Attribute {
        name: name.into(),
        value: value.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(condition: &Condition) -> u32 {
        let now = SystemTime::now();
        condition.verdict(now, &ExportThresholds::default()).status
    }

    fn since(seconds: u64) -> Condition {
        Condition {
            oldest: SystemTime::now().checked_sub(Duration::from_secs(seconds)),
            ..Condition::default()
        }
    }

    #[test]
    fn the_age_of_the_oldest_batch_decides() {
        let ages = [0, 59, 61, 599, 601].map(|age| status(&since(age)));
        assert_eq!(ages, [HEALTHY, HEALTHY, DEGRADED, DEGRADED, UNHEALTHY]);
        assert_eq!(status(&Condition::default()), HEALTHY);
    }

    #[test]
    fn failures_in_a_row_degrade_and_a_loss_is_worse() {
        let mut condition = Condition {
            failures: 2,
            failure: "refused".to_owned(),
            ..since(1)
        };
        assert_eq!(status(&condition), HEALTHY);
        condition.failures = 3;
        assert_eq!(status(&condition), DEGRADED);
        condition.lost = Some((Instant::now(), "size"));
        assert_eq!(status(&condition), UNHEALTHY);
    }
}
