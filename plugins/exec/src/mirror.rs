//! Metrics that somebody else counts, shown as this component's own.

use std::collections::{BTreeSet, HashMap};

use gaxx_sdk::{
    metrics::{Distribution, DynamicFamily},
    prelude::*,
};

use crate::exposition::{self, Kind, Series, Value};

/// Shows the families of an exposition, and takes away what is no longer in it.
///
/// The host keeps kind, label names and bounds of a family as they first were; series that do not
/// fit are left out.
pub(crate) struct Mirror {
    context: Context,
    max_series: usize,
    shown: HashMap<String, Shown>,
    left_out: LeftOut,
}

/// Series that could not be shown.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// How many, as Prometheus counts them.
    pub(crate) series: usize,
    /// The first reason.
    pub(crate) reason: String,
}

/// A family as the host has it.
struct Shown {
    labels: Vec<String>,
    bounds: Vec<f64>,
    members: Members,
}

enum Members {
    Counters(DynamicFamily<Counter>),
    Gauges(DynamicFamily<Gauge>),
    Histograms(DynamicFamily<Distribution>),
}

impl Mirror {
    pub(crate) fn new(context: &Context, max_series: usize) -> Self {
        let context = context.clone();
        Self {
            context,
            max_series,
            shown: HashMap::new(),
            left_out: LeftOut::default(),
        }
    }

    /// Fails where a family is of another kind than when it was first shown.
    pub(crate) fn check_kinds(&self, families: &[exposition::Family]) -> Result<()> {
        let shown = |family: &exposition::Family| self.shown.get(&family.name);
        families
            .iter()
            .filter_map(|family| Some((shown(family)?, family)))
            .try_for_each(|(shown, family)| shown.check_kind(family))
    }

    /// Shows these families and no others. Answers what had to be left out, and logs it when it is
    /// not what it was the last time.
    ///
    /// `source` stands for the help text of a family that has none.
    pub(crate) fn show(&mut self, families: &[exposition::Family], source: &str) -> usize {
        self.shown.values().for_each(Shown::reset);
        let mut left_out = LeftOut::default();
        let mut room = self.max_series;
        for family in families {
            let lines = |series: &[Series]| series.iter().map(|one| one.value.lines()).sum();
            let shown = match self.family(family, source) {
                Ok(shown) => shown,
                Err(error) => {
                    left_out.add(lines(&family.series), || error.to_string());
                    continue;
                }
            };
            for series in &family.series {
                let cost = series.value.lines();
                if cost > room {
                    left_out.add(cost, || "max_series is used up".to_owned());
                    continue;
                }
                match shown.set(series) {
                    Ok(()) => room -= cost,
                    Err(error) => left_out.add(cost, || format!("{}: {error}", family.name)),
                }
            }
        }
        if left_out != self.left_out && left_out.series > 0 {
            let LeftOut { series, reason } = &left_out;
            warn!("{series} series of {source} cannot be shown; the first: {reason}");
        }
        self.left_out = left_out;
        self.left_out.series
    }

    /// The family as the host has it; told to the host at first.
    fn family(&mut self, family: &exposition::Family, source: &str) -> Result<&Shown> {
        let name = family.name.as_str();
        if !self.shown.contains_key(name) {
            let shown = Shown::new(&self.context, family, source)?;
            self.shown.insert(name.to_owned(), shown);
        }
        let shown = self.shown.get(name);
        let shown = shown.ok_or_else(|| Error::failed("a family that was just made is gone"))?;
        shown.check_kind(family)?;
        Ok(shown)
    }
}

impl LeftOut {
    fn add(&mut self, series: usize, reason: impl FnOnce() -> String) {
        if self.series == 0 {
            self.reason = reason();
        }
        self.series += series;
    }
}

impl Shown {
    fn new(context: &Context, family: &exposition::Family, source: &str) -> Result<Self> {
        let names = family.series.iter().flat_map(|series| &series.labels);
        let labels: BTreeSet<&str> = names.map(|(name, _)| name.as_str()).collect();
        let labels: Vec<&str> = labels.into_iter().collect();
        let bounds = match family.series.first().map(|series| &series.value) {
            Some(Value::Distribution { bounds, .. }) => bounds.as_slice(),
            _ => &[],
        };
        let help = match family.help.as_str() {
            "" => format!("Given by {source}."),
            help => help.to_owned(),
        };
        let name = family.name.as_str();
        let members = match family.kind {
            Kind::Counter => Members::Counters(context.dynamic(name, &help, &labels, bounds)?),
            Kind::Gauge => Members::Gauges(context.dynamic(name, &help, &labels, bounds)?),
            Kind::Histogram => Members::Histograms(context.dynamic(name, &help, &labels, bounds)?),
        };
        let labels = labels.into_iter().map(str::to_owned).collect();
        Ok(Self {
            labels,
            bounds: bounds.to_vec(),
            members,
        })
    }

    fn kind(&self) -> Kind {
        match self.members {
            Members::Counters(_) => Kind::Counter,
            Members::Gauges(_) => Kind::Gauge,
            Members::Histograms(_) => Kind::Histogram,
        }
    }

    fn check_kind(&self, family: &exposition::Family) -> Result<()> {
        if self.kind() == family.kind {
            return Ok(());
        }
        let (name, was, is) = (&family.name, self.kind(), family.kind);
        let message = format!("the metric {name} was a {was} and is a {is} now");
        Err(Error::failed(message)
            .remedy("restart gaxx-mon to take the new type, or give the metric another name"))
    }

    fn reset(&self) {
        match &self.members {
            Members::Counters(family) => family.reset(),
            Members::Gauges(family) => family.reset(),
            Members::Histograms(family) => family.reset(),
        }
    }

    fn set(&self, series: &Series) -> Result<()> {
        let values = self.label_values(&series.labels)?;
        match (&self.members, &series.value) {
            (Members::Counters(family), Value::Number(value)) => {
                family.try_with(&values)?.set_total(*value);
            }
            (Members::Gauges(family), Value::Number(value)) => {
                family.try_with(&values)?.set(*value);
            }
            (
                Members::Histograms(family),
                Value::Distribution {
                    bounds,
                    cumulative,
                    count,
                    sum,
                },
            ) => {
                if *bounds != self.bounds {
                    return Err(
                        Error::failed("a histogram has other buckets than the first one")
                            .remedy("give all histograms of one name the same buckets"),
                    );
                }
                family.try_with(&values)?.set(cumulative, *count, *sum);
            }
            _ => return Err(Error::failed("it is a histogram and a number at once")),
        }
        Ok(())
    }

    /// The values in the order of the family's names; empty where the series has no such label,
    /// which to Prometheus is the same.
    fn label_values<'s>(&self, labels: &'s [(String, String)]) -> Result<Vec<&'s str>> {
        let mut labels = labels.iter().peekable();
        // Both are sorted by name.
        let values = self.labels.iter().map(|name| {
            let own = labels.next_if(|(own, _)| own == name);
            own.map_or("", |(_, value)| value.as_str())
        });
        let values = values.collect();
        match labels.next() {
            None => Ok(values),
            Some((name, _)) => {
                let message = format!("the label `{name}` was not there when it was first shown");
                let remedy = "restart gaxx-mon to take the new label; print every label from the \
                              beginning, with an empty value where it does not apply";
                Err(Error::failed(message).remedy(remedy))
            }
        }
    }
}
