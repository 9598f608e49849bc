//! What batches become.

use gaxx_sdk::{
    json,
    testing::{self, Measurements},
};

use super::over_http::Receiver;
use crate::{
    Otlp,
    message::{Data, ExportMetricsServiceRequest, KeyValue, Metric},
};

/// The requests that these become, one after the other.
fn requests(all: &[Measurements], max_points: usize) -> Vec<ExportMetricsServiceRequest> {
    let receiver = Receiver::new();
    let settings = json!({
        "endpoint": receiver.url(), "max_points": max_points, "resource": { "team": "x" },
    });
    let mut exporter = testing::exporter::<Otlp>(settings).unwrap();
    for measurements in all {
        exporter.export(measurements).unwrap();
    }
    let taken = receiver.taken();
    taken.into_iter().map(|taken| taken.request).collect()
}

fn metrics(request: &ExportMetricsServiceRequest) -> &[Metric] {
    &request.resource_metrics[0].scope_metrics[0].metrics
}

fn text(all: &[KeyValue]) -> Vec<(&str, &str)> {
    all.iter()
        .map(|own| {
            let value = own.value.as_ref().unwrap();
            (own.key.as_str(), value.string_value.as_deref().unwrap())
        })
        .collect()
}

fn sum(metric: &Metric) -> (u64, f64) {
    let Some(Data::Sum(sum)) = &metric.data else {
        panic!("{metric:?} is no sum");
    };
    assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
    let point = &sum.data_points[0];
    (point.start_time_unix_nano, point.as_double.unwrap())
}

#[test]
fn each_kind_is_what_opentelemetry_has_for_it() {
    let measured = Measurements::default()
        .counter("a_total", &[("path", "/"), ("none", "")], 3.0)
        .gauge("b", &[], 0.0)
        .histogram("c_seconds", &[], &[0.1, 1.0], &[2.0, 5.0], 6.0, 4.5);
    let all = requests(&[measured], 100);
    let resource = &all[0].resource_metrics[0];
    let attributes = text(&resource.resource.as_ref().unwrap().attributes);
    assert_eq!(attributes, [("host.name", "test-host"), ("team", "x")]);
    assert_eq!(
        resource.scope_metrics[0].scope.as_ref().unwrap().name,
        "gaxx-mon"
    );
    let [counter, gauge, histogram] = metrics(&all[0]) else {
        panic!("{all:?}");
    };
    let start = Measurements::UNIX_NANOS - 60_000_000_000;
    assert_eq!(
        (counter.name.as_str(), sum(counter)),
        ("a_total", (start, 3.0))
    );
    let Some(Data::Sum(own)) = &counter.data else {
        unreachable!()
    };
    assert_eq!(text(&own.data_points[0].attributes), [("path", "/")]);
    let Some(Data::Gauge(own)) = &gauge.data else {
        panic!("{gauge:?}")
    };
    assert_eq!(own.data_points[0].as_double, Some(0.0));
    assert_eq!(own.data_points[0].time_unix_nano, Measurements::UNIX_NANOS);
    let Some(Data::Histogram(own)) = &histogram.data else {
        panic!("{histogram:?}")
    };
    let point = &own.data_points[0];
    assert_eq!(point.bucket_counts, [2, 3, 1]);
    assert_eq!((point.count, point.sum), (6, Some(4.5)));
    assert_eq!(point.explicit_bounds, [0.1, 1.0]);
}

#[test]
fn a_large_batch_becomes_several_requests_and_nothing_is_left_out() {
    let mut measured = Measurements::default();
    for number in 0..10 {
        measured = measured.gauge("a", &[("n", &number.to_string())], f64::from(number));
    }
    let all = requests(&[measured.counter("b", &[], 1.0)], 4);
    let counts = all.iter().map(|request| {
        let points = metrics(request).iter().map(|metric| match &metric.data {
            Some(Data::Gauge(gauge)) => gauge.data_points.len(),
            Some(Data::Sum(sum)) => sum.data_points.len(),
            _ => 0,
        });
        points.sum::<usize>()
    });
    assert_eq!(counts.collect::<Vec<_>>(), [4, 4, 3]);
}

#[test]
fn a_count_that_fell_began_after_the_batch_before() {
    let at = |second: u64, value| {
        let time = Measurements::UNIX_NANOS + second * 1_000_000_000;
        Measurements::default()
            .at(time)
            .counter("a_total", &[], value)
    };
    let all = requests(&[at(0, 5.0), at(10, 7.0), at(20, 1.0), at(30, 2.0)], 100);
    let starts: Vec<_> = all
        .iter()
        .map(|request| sum(&metrics(request)[0]).0)
        .collect();
    let told = Measurements::UNIX_NANOS - 60_000_000_000;
    let reset = Measurements::UNIX_NANOS + 10_000_000_000;
    assert_eq!(starts, [told, told, reset, reset]);
}

#[test]
fn nothing_is_no_request() {
    assert!(requests(&[Measurements::default()], 100).is_empty());
}
