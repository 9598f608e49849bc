//! Whether what is measured is within its bounds.

use std::{collections::BTreeMap, time::Instant};

use gaxx_sdk::{
    Selected,
    prelude::*,
    schemars::JsonSchema,
    serde::{Deserialize, Serialize},
};

use crate::not_set;

gaxx_sdk::component!(check "threshold" => Threshold, "Whether a metric is within its bounds.");

/// Series that a message names at most.
const NAMED: usize = 3;

#[settings]
pub(crate) struct Settings {
    /// A metric. Without it no such check is made.
    threshold: Option<Wanted>,
}

/// A metric.
#[settings]
pub(crate) struct Wanted {
    /// The series, as Prometheus selects them: `name{label="value",other=~"regex"}`.
    select: String,
    /// What of them is looked at: their `value`, or how fast it grows a second, `rate`.
    #[default]
    of: Of,
    /// What several series are together: each for itself (`any`), or their `sum`, `average`, `min`, `max`
    /// or `count`.
    #[default]
    combine: Combine,
    /// Above it is degraded.
    degraded_above: Option<f64>,
    /// Above it is unhealthy.
    unhealthy_above: Option<f64>,
    /// Below it is degraded.
    degraded_below: Option<f64>,
    /// Below it is unhealthy.
    unhealthy_below: Option<f64>,
    /// For how long it must be out of its bounds; at once without it.
    r#for: Option<Duration>,
    /// What it is where there is no such series: `healthy`, `degraded`, `unhealthy` or `unknown`.
    #[default]
    absent: Absent,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "gaxx_sdk::serde", rename_all = "lowercase")]
#[schemars(crate = "gaxx_sdk::schemars")]
enum Of {
    #[default]
    Value,
    Rate,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "gaxx_sdk::serde", rename_all = "lowercase")]
#[schemars(crate = "gaxx_sdk::schemars")]
enum Combine {
    #[default]
    Any,
    Sum,
    Average,
    Min,
    Max,
    Count,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "gaxx_sdk::serde", rename_all = "lowercase")]
#[schemars(crate = "gaxx_sdk::schemars")]
enum Absent {
    Healthy,
    Degraded,
    Unhealthy,
    #[default]
    Unknown,
}

struct Threshold {
    host: Host,
    wanted: Wanted,
    /// Of rates: each series' last value, and when that was.
    before: BTreeMap<String, (f64, Instant)>,
    /// Since when it is out of the bounds of degraded, and of unhealthy.
    since: [Option<Instant>; 2],
}

impl Component for Threshold {
    type Settings = Settings;
    const ASKED_BY: Option<&'static str> = Some("threshold");

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let wanted = settings.threshold.ok_or_else(|| not_set("threshold"))?;
        let bounds = [
            wanted.degraded_above,
            wanted.unhealthy_above,
            wanted.degraded_below,
            wanted.unhealthy_below,
        ];
        if bounds.iter().all(Option::is_none) && wanted.absent == Absent::Unknown {
            return Err(Error::settings("threshold has no bound").remedy(
                "set one of degraded_above, unhealthy_above, degraded_below, unhealthy_below, absent",
            ));
        }
        Ok(Self {
            host: context.host().clone(),
            wanted,
            before: BTreeMap::new(),
            since: [None; 2],
        })
    }
}

impl HealthCheck for Threshold {
    fn check(&mut self, deadline: Deadline) -> Result<Verdict> {
        let selected = self.host.select(&self.wanted.select, deadline)?;
        let now = Instant::now();
        let found = selected.len();
        let values = self.values(selected, now);
        Ok(self.judge(found, &values, now).detail("series", found))
    }
}

impl Threshold {
    /// What is looked at, each with the name of its series.
    fn values(&mut self, selected: Vec<Selected>, now: Instant) -> Vec<(String, f64)> {
        let named = selected.into_iter().map(|one| (name(&one), one.value));
        let values: Vec<(String, f64)> = match self.wanted.of {
            Of::Value => named.collect(),
            Of::Rate => {
                let named: Vec<_> = named.collect();
                let rates = named.iter().filter_map(|(name, value)| {
                    let (before, then) = self.before.get(name)?;
                    let time = now.duration_since(*then).as_secs_f64();
                    // A counter that is less than before has begun anew.
                    let grown = if value < before {
                        *value
                    } else {
                        value - before
                    };
                    (time > 0.0).then(|| (name.clone(), grown / time))
                });
                let rates = rates.collect();
                let noted = named.into_iter().map(|(name, value)| (name, (value, now)));
                self.before = noted.collect();
                rates
            }
        };
        self.wanted.combine.of(&self.wanted.select, values)
    }

    fn judge(&mut self, found: usize, values: &[(String, f64)], now: Instant) -> Verdict {
        let select = &self.wanted.select;
        if found == 0 && self.wanted.combine != Combine::Count {
            self.since = [None; 2];
            let status = match self.wanted.absent {
                Absent::Healthy => Status::Healthy,
                Absent::Degraded => Status::Degraded,
                Absent::Unhealthy => Status::Unhealthy,
                Absent::Unknown => Status::Unknown,
            };
            return Verdict::new(status, format!("{select}: there is no such series"));
        }
        if values.is_empty() {
            // Of a rate one needs to have looked twice.
            return Verdict::healthy(format!("{select}: looked at for the first time"));
        }
        let bounds = [
            (self.wanted.degraded_above, self.wanted.degraded_below),
            (self.wanted.unhealthy_above, self.wanted.unhealthy_below),
        ];
        let [degraded, unhealthy] = bounds.map(|bounds| beyond(values, bounds));
        let time = self.wanted.r#for.unwrap_or_default();
        let mut lasts = [false; 2];
        for (at, out) in [&degraded, &unhealthy].into_iter().enumerate() {
            self.since[at] = (!out.is_empty()).then(|| self.since[at].unwrap_or(now));
            lasts[at] = self.since[at].is_some_and(|since| now.duration_since(since) >= time);
        }
        let verdict = match lasts {
            [_, true] => Verdict::unhealthy(told(&unhealthy)),
            [true, false] => Verdict::degraded(told(&degraded)),
            [false, false] if degraded.is_empty() && unhealthy.is_empty() => {
                Verdict::healthy(format!("{select} is within its bounds"))
            }
            [false, false] => {
                let out = if unhealthy.is_empty() {
                    &degraded
                } else {
                    &unhealthy
                };
                Verdict::healthy(format!("{}, not for long yet", told(out)))
            }
        };
        match values {
            [(_, value)] => verdict.detail("value", value),
            _ => verdict,
        }
    }
}

/// Those beyond the bounds. What is no number is beyond none.
fn beyond(
    values: &[(String, f64)],
    (above, below): (Option<f64>, Option<f64>),
) -> Vec<(String, f64)> {
    let is_beyond = |value: f64| {
        above.is_some_and(|above| value > above) || below.is_some_and(|below| value < below)
    };
    let values = values.iter().filter(|(_, value)| is_beyond(*value));
    values.cloned().collect()
}

fn told(out: &[(String, f64)]) -> String {
    let named = out.iter().take(NAMED);
    let named: Vec<String> = named
        .map(|(name, value)| format!("{name} is {value}"))
        .collect();
    let more = match out.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    named.join(", ") + &more
}

fn name(selected: &Selected) -> String {
    let labels = selected.labels.iter();
    let labels: Vec<String> = labels
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    match labels.as_slice() {
        [] => selected.name.clone(),
        labels => format!("{}{{{}}}", selected.name, labels.join(",")),
    }
}

impl Combine {
    fn of(self, select: &str, values: Vec<(String, f64)>) -> Vec<(String, f64)> {
        let numbers = || values.iter().map(|(_, value)| *value);
        let count = values.len() as f64;
        let (word, value) = match self {
            Self::Any => return values,
            Self::Count => ("count", count),
            _ if values.is_empty() => return values,
            Self::Sum => ("sum", numbers().sum()),
            Self::Average => ("average", numbers().sum::<f64>() / count),
            Self::Min => ("min", numbers().fold(f64::INFINITY, f64::min)),
            Self::Max => ("max", numbers().fold(f64::NEG_INFINITY, f64::max)),
        };
        vec![(format!("{word} of {select}"), value)]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_sdk::{
        json, serde_json,
        testing::{CheckTest, Conditions},
    };

    use super::*;

    fn series(label: &str, value: f64) -> Selected {
        Selected {
            name: "m".to_owned(),
            labels: [("l".to_owned(), label.to_owned())].into(),
            value,
            kind: "gauge".to_owned(),
        }
    }

    fn check(values: &[f64], more: serde_json::Value) -> Result<CheckTest> {
        let labels = ["a", "b", "c", "d", "e"].iter();
        let all = labels
            .zip(values)
            .map(|(label, value)| series(label, *value));
        let mut settings = more;
        settings["select"] = json!("m");
        let conditions = Conditions::default().selects("m", all.collect());
        conditions.check::<Threshold>(json!({ "threshold": settings }))
    }

    fn judged(values: &[f64], more: serde_json::Value) -> Verdict {
        check(values, more).unwrap().check().unwrap()
    }

    #[test]
    fn bounds_are_kept_by_each_or_together() {
        use Status::{Degraded, Healthy, Unhealthy};
        let both = json!({"degraded_above": 5, "unhealthy_above": 9, "unhealthy_below": 0});
        for (values, status) in [
            (&[1.0, 5.0][..], Healthy),
            (&[1.0, 6.0], Degraded),
            (&[1.0, 10.0], Unhealthy),
            (&[1.0, -1.0], Unhealthy),
            (&[f64::NAN], Healthy),
            (&[f64::INFINITY], Unhealthy),
        ] {
            assert_eq!(judged(values, both.clone()).status, status, "{values:?}");
        }
        for (combine, status) in [
            ("sum", Unhealthy),
            ("average", Degraded),
            ("min", Healthy),
            ("max", Degraded),
            ("count", Healthy),
        ] {
            let mut settings = both.clone();
            settings["combine"] = json!(combine);
            assert_eq!(judged(&[4.0, 8.0], settings).status, status, "{combine}");
        }
        let verdict = judged(&[6.0; 5], json!({"degraded_above": 5}));
        assert_eq!(
            verdict.message,
            r#"m{l="a"} is 6, m{l="b"} is 6, m{l="c"} is 6, and 2 more"#
        );
    }

    #[test]
    fn absence_is_what_the_settings_say() {
        let of = |more| judged(&[], more).status;
        assert_eq!(of(json!({"degraded_above": 1})), Status::Unknown);
        assert_eq!(of(json!({"absent": "unhealthy"})), Status::Unhealthy);
        assert_eq!(
            of(json!({"combine": "count", "unhealthy_below": 1})),
            Status::Unhealthy
        );
        let error = check(&[], json!({})).map(drop).unwrap_err();
        assert!(error.message().contains("no bound"));
    }

    fn threshold(settings: serde_json::Value) -> Threshold {
        let settings: Wanted = serde_json::from_value(settings).unwrap();
        Threshold {
            host: gaxx_sdk::testing::host(),
            wanted: settings,
            before: BTreeMap::new(),
            since: [None; 2],
        }
    }

    #[test]
    fn a_rate_is_that_of_a_counter_that_may_begin_anew() {
        let mut check = threshold(json!({"select": "m", "of": "rate", "degraded_above": 1}));
        let start = Instant::now();
        let mut rate = |second: u64, value| {
            let now = start + Duration::from_secs(second);
            let values = check.values(vec![series("a", value)], now);
            values.first().map(|(_, rate)| *rate)
        };
        assert_eq!(rate(0, 100.0), None);
        assert_eq!(rate(10, 150.0), Some(5.0));
        assert_eq!(rate(20, 20.0), Some(2.0));
    }

    #[test]
    fn it_may_be_out_of_its_bounds_for_a_while() {
        use Status::{Degraded, Healthy, Unhealthy};
        let mut check = threshold(
            json!({"select": "m", "degraded_above": 5, "unhealthy_above": 9, "for": "1m"}),
        );
        let start = Instant::now();
        let mut status = |second: u64, value: f64| {
            let now = start + Duration::from_secs(second);
            check.judge(1, &[("m".to_owned(), value)], now).status
        };
        assert_eq!(
            [
                status(0, 6.0),
                status(30, 10.0),
                status(60, 10.0),
                status(90, 10.0)
            ],
            [Healthy, Healthy, Degraded, Unhealthy]
        );
        assert_eq!(
            [status(100, 1.0), status(110, 10.0), status(170, 10.0)],
            [Healthy, Healthy, Unhealthy]
        );
    }
}
