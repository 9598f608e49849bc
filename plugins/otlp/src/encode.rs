//! Batches as OTLP's messages.

use std::collections::BTreeMap;

use gaxx_sdk::{Batch, BatchFamily, BatchSeries, Result, Value};

use crate::{
    message::{
        CUMULATIVE, Data, ExportMetricsServiceRequest, Gauge, Histogram, HistogramPoint, KeyValue,
        Metric, NumberPoint, Resource, ResourceMetrics, Scope, ScopeMetrics, Sum,
    },
    starts::Starts,
    unit::ucum,
};

/// Who measured.
const SCOPE: &str = "gaxx-mon";

/// Makes requests of batches.
pub(crate) struct Encoder {
    /// Attributes that go before those of the batch.
    resource: BTreeMap<String, String>,
    max_points: usize,
    starts: Starts,
}

impl Encoder {
    /// One whose requests have at most so many points.
    pub(crate) fn new(resource: BTreeMap<String, String>, max_points: usize) -> Self {
        Self {
            resource,
            max_points,
            starts: Starts::default(),
        }
    }

    /// Gives the requests that a batch becomes; the same batch again gives the same. A batch in which
    /// nothing is becomes none.
    ///
    /// # Errors
    ///
    /// As soon as `send` fails, with its error.
    pub(crate) fn requests(
        &mut self,
        batch: &Batch<'_>,
        mut send: impl FnMut(&ExportMetricsServiceRequest) -> Result<()>,
    ) -> Result<()> {
        self.starts.begin(batch.unix_nanos());
        let mut request = self.empty(batch);
        let mut points = 0;
        for family in batch.families() {
            let mut metric = Rising::new(&family);
            for series in family.series() {
                metric.add(&family, &series, batch.unix_nanos(), &mut self.starts);
                points += 1;
                if points == self.max_points {
                    push(&mut request, metric.finish(&family));
                    send(&request)?;
                    metric = Rising::new(&family);
                    clear(&mut request);
                    points = 0;
                }
            }
            push(&mut request, metric.finish(&family));
        }
        if points > 0 { send(&request) } else { Ok(()) }
    }

    fn empty(&self, batch: &Batch<'_>) -> ExportMetricsServiceRequest {
        let measured = batch.resource();
        let measured = measured.filter(|(name, _)| !self.resource.contains_key(*name));
        let own = self.resource.iter();
        let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
        let attributes = measured
            .chain(own)
            .map(|(name, value)| KeyValue::text(name, value))
            .collect();
        let scope = Scope {
            name: SCOPE.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(Resource { attributes }),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(scope),
                    metrics: Vec::new(),
                }],
            }],
        }
    }
}

/// The metrics of a request: it has one resource and one scope.
fn metrics(request: &mut ExportMetricsServiceRequest) -> impl Iterator<Item = &mut Vec<Metric>> {
    request
        .resource_metrics
        .iter_mut()
        .flat_map(|resource| &mut resource.scope_metrics)
        .map(|scope| &mut scope.metrics)
}

fn push(request: &mut ExportMetricsServiceRequest, metric: Option<Metric>) {
    if let (Some(metrics), Some(metric)) = (metrics(request).next(), metric) {
        metrics.push(metric);
    }
}

fn clear(request: &mut ExportMetricsServiceRequest) {
    metrics(request).for_each(Vec::clear);
}

/// The points of a family, as far as they are in a request.
enum Rising {
    Gauge(Vec<NumberPoint>),
    Sum(Vec<NumberPoint>),
    Histogram(Vec<HistogramPoint>),
}

impl Rising {
    fn new(family: &BatchFamily<'_>) -> Self {
        match family.kind() {
            "counter" => Self::Sum(Vec::new()),
            "histogram" => Self::Histogram(Vec::new()),
            _ => Self::Gauge(Vec::new()),
        }
    }

    fn add(
        &mut self,
        family: &BatchFamily<'_>,
        series: &BatchSeries<'_>,
        time: u64,
        starts: &mut Starts,
    ) {
        let number = |value, start| NumberPoint {
            start_time_unix_nano: start,
            time_unix_nano: time,
            as_double: Some(value),
            attributes: attributes(series),
        };
        match (self, series.value) {
            (Self::Sum(points), Value::Counter(value)) => {
                points.push(number(value, starts.start(family, series, value)));
            }
            (Self::Gauge(points), Value::Gauge(value)) => points.push(number(value, 0)),
            (
                Self::Histogram(points),
                Value::Histogram {
                    bounds,
                    cumulative,
                    count,
                    sum,
                },
            ) => {
                let cumulative = cumulative.iter().map(|point| point.value);
                points.push(HistogramPoint {
                    start_time_unix_nano: starts.start(family, series, count),
                    time_unix_nano: time,
                    count: whole(count),
                    sum: Some(sum),
                    bucket_counts: apart(cumulative.chain([count])),
                    explicit_bounds: bounds.to_vec(),
                    attributes: attributes(series),
                });
            }
            // A family's series are all of its kind.
            _ => {}
        }
    }

    /// The metric, if it has a point.
    fn finish(self, family: &BatchFamily<'_>) -> Option<Metric> {
        let (data, is_empty) = match self {
            Self::Gauge(data_points) => {
                let is_empty = data_points.is_empty();
                (Data::Gauge(Gauge { data_points }), is_empty)
            }
            Self::Sum(data_points) => {
                let is_empty = data_points.is_empty();
                let sum = Sum {
                    data_points,
                    aggregation_temporality: CUMULATIVE,
                    is_monotonic: true,
                };
                (Data::Sum(sum), is_empty)
            }
            Self::Histogram(data_points) => {
                let is_empty = data_points.is_empty();
                let histogram = Histogram {
                    data_points,
                    aggregation_temporality: CUMULATIVE,
                };
                (Data::Histogram(histogram), is_empty)
            }
        };
        (!is_empty).then(|| Metric {
            name: family.name().to_owned(),
            description: family.help().to_owned(),
            unit: ucum(family.unit()),
            data: Some(data),
        })
    }
}

/// The labels. An empty one is none, as everywhere else.
fn attributes(series: &BatchSeries<'_>) -> Vec<KeyValue> {
    series
        .labels()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| KeyValue::text(name, value))
        .collect()
}

/// Counts in each bucket, of counts at or below each bound. They add up to the last one.
fn apart(cumulative: impl Iterator<Item = f64>) -> Vec<u64> {
    let mut below = 0;
    cumulative
        .map(|count| {
            let reached = whole(count).max(below);
            let own = reached - below;
            below = reached;
            own
        })
        .collect()
}

/// A count: what is none is 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates"
)]
fn whole(count: f64) -> u64 {
    count.round() as u64
}
