//! What the registry says of itself.

use prometheus::proto::{Counter, Gauge, Metric, MetricFamily, MetricType};

use super::{Account, Owner, TableStatus, protobuf::pair};

/// The registry's own families: series, ignored points and lateness of each component, and what
/// each plugin was refused.
pub(super) fn families(
    components: &[(Owner, TableStatus)],
    plugins: &[(String, Account)],
) -> Vec<MetricFamily> {
    let of_components = |name, help, kind, value: fn(&TableStatus) -> f64| {
        let metrics = components.iter().map(|(owner, status)| {
            let labels = vec![
                pair("component", &owner.component_label()),
                pair("plugin", &owner.plugin),
            ];
            metric(kind, Metric::from_label(labels), value(status))
        });
        family(name, help, kind, metrics.collect())
    };
    let of_plugins = |name, help, kind, value: fn(&Account) -> f64| {
        let metrics = plugins.iter().map(|(plugin, account)| {
            let labels = vec![pair("plugin", plugin)];
            metric(kind, Metric::from_label(labels), value(account))
        });
        family(name, help, kind, metrics.collect())
    };
    vec![
        of_components(
            "gaxx_plugin_component_series",
            "Series of a component, counted as lines of a scrape.",
            MetricType::GAUGE,
            |status| status.series as f64,
        ),
        of_components(
            "gaxx_plugin_component_late",
            "1 while the values of a component are older than they should be.",
            MetricType::GAUGE,
            |status| f64::from(u8::from(status.late)),
        ),
        of_components(
            "gaxx_plugin_component_ignored_points_total",
            "Values that a component delivered and that could not be taken: of unknown or retired \
             series, or none that a counter or histogram can have.",
            MetricType::COUNTER,
            |status| status.ignored as f64,
        ),
        of_plugins(
            "gaxx_plugin_refused_series_total",
            "Registrations of a series that were refused: the budget was spent, a label was too long, or another component has the series.",
            MetricType::COUNTER,
            |account| account.refused as f64,
        ),
    ]
}

fn metric(kind: MetricType, mut metric: Metric, value: f64) -> Metric {
    if kind == MetricType::COUNTER {
        let mut counter = Counter::default();
        counter.set_value(value);
        metric.set_counter(counter);
    } else {
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        metric.set_gauge(gauge);
    }
    metric
}

fn family(name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}
