//! A component under examination, of whatever kind.

use std::sync::Arc;

use gaxx_abi::{
    PluginBox,
    manifest::{self, kind},
};
use serde_json::{Value, json};

use crate::{
    ErrorKind, News, Result, Severity, Standing, Status, Transition,
    error::answer,
    testing::{
        CheckTest, CollectorTest, Conditions, EndpointTest, ExporterTest, LogLine, Measurements,
        Samples, host::TestHost,
    },
};

/// What is examined, and how it is made.
pub(super) struct Specimen {
    plugin: Arc<PluginBox>,
    pub(super) component: manifest::Component,
    pub(super) schema: Value,
    pub(super) settings: Value,
    /// How many calls are many.
    pub(super) cycles: u32,
}

/// One that was made and started.
pub(super) enum Subject {
    Collector(CollectorTest),
    Check(CheckTest),
    Exporter(ExporterTest),
    Notifier(ExporterTest),
    Endpoint(EndpointTest, Vec<manifest::Route>),
}

impl Specimen {
    /// The error is a finding.
    pub(super) fn new(
        plugin: &Arc<PluginBox>,
        component: manifest::Component,
        settings: Option<&Value>,
        cycles: u32,
    ) -> Result<Self, String> {
        let schema = serde_json::from_str(&component.settings)
            .map_err(|error| format!("the schema of its settings is no JSON: {error}"))?;
        let asked_by = component.attributes.iter().find(|it| it.name == "asked-by");
        if let (Some(key), None) = (asked_by, settings) {
            return Err(format!(
                "the test gives it no settings, and it is made only where {} is set",
                key.value
            ));
        }
        Ok(Self {
            plugin: Arc::clone(plugin),
            component,
            schema,
            settings: settings.cloned().unwrap_or_else(|| json!({})),
            cycles,
        })
    }

    /// Makes and starts it with the settings that it works with.
    pub(super) fn make(&self, conditions: Conditions) -> Result<Subject> {
        self.make_with(&self.settings, conditions)
    }

    pub(super) fn make_with(&self, settings: &Value, conditions: Conditions) -> Result<Subject> {
        let host = TestHost::new(conditions);
        let settings = settings.to_string();
        let (name, json) = (
            self.component.name.as_str().into(),
            settings.as_str().into(),
        );
        let (plugin, reference) = (&self.plugin, host.reference());
        Ok(match self.component.kind {
            kind::COLLECTOR => {
                let made = answer(plugin.collector(name, json, reference))?;
                Subject::Collector(CollectorTest::started(made, host)?)
            }
            kind::HEALTH_CHECK => {
                let made = answer(plugin.health_check(name, json, reference))?;
                Subject::Check(CheckTest::started(made, host)?)
            }
            kind::EXPORTER => {
                let made = answer(plugin.exporter(name, json, reference))?;
                let made = ExporterTest::started(made, host)?;
                let mut attributes = self.component.attributes.iter();
                if attributes.any(|it| it.name == "takes") {
                    Subject::Notifier(made)
                } else {
                    Subject::Exporter(made)
                }
            }
            _ => {
                let made = answer(plugin.endpoint(name, json, reference))?;
                let routes = self.component.routes.to_vec();
                Subject::Endpoint(EndpointTest::started(made, host)?, routes)
            }
        })
    }
}

impl Subject {
    /// A call as gaxx-mon makes it, and what it measured. To each of its routes in the case of an
    /// endpoint, which may well refuse what it is sent.
    pub(super) fn call(&mut self) -> Result<Samples> {
        match self {
            Self::Collector(collector) => collector.collect(),
            Self::Check(check) => check.check().map(|_| check.samples()),
            Self::Exporter(exporter) => {
                exporter.export(&measurements())?;
                exporter.flush()?;
                Ok(exporter.samples())
            }
            Self::Notifier(notifier) => {
                notifier.notify(&news())?;
                notifier.flush()?;
                Ok(notifier.samples())
            }
            Self::Endpoint(endpoint, routes) => {
                for (number, route) in routes.iter().enumerate() {
                    let body: &[u8] = match route.method.as_str() {
                        "POST" | "PUT" => b"{}",
                        _ => b"",
                    };
                    let path = route.path.replace('*', "any");
                    let answer = endpoint.send(&route.method, number, &path, body);
                    if let Err(error) = answer
                        && error.kind() == ErrorKind::Panic
                    {
                        return Err(error);
                    }
                }
                Ok(endpoint.samples())
            }
        }
    }

    pub(super) fn save(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Collector(collector) => collector.save(),
            Self::Check(check) => check.save(),
            Self::Exporter(exporter) | Self::Notifier(exporter) => exporter.save(),
            Self::Endpoint(endpoint, _) => endpoint.save(),
        }
    }

    pub(super) fn host(&self) -> &TestHost {
        match self {
            Self::Collector(collector) => collector.host(),
            Self::Check(check) => check.host(),
            Self::Exporter(exporter) | Self::Notifier(exporter) => exporter.host(),
            Self::Endpoint(endpoint, _) => endpoint.host(),
        }
    }

    /// Stops it, and says which of the calls that cannot fail have panicked.
    pub(super) fn stop(self) -> Vec<String> {
        let log = match self {
            Self::Collector(collector) => collector.stop(),
            Self::Check(check) => check.stop(),
            Self::Exporter(exporter) | Self::Notifier(exporter) => exporter.stop(),
            Self::Endpoint(endpoint, _) => endpoint.stop(),
        };
        let panicked = |line: &LogLine| line.message.starts_with("panicked at ");
        let lines = log.into_iter().filter(panicked);
        lines.map(|line| line.message).collect()
    }
}

/// Changes of health of every kind, with texts that are odd.
fn news() -> News {
    let time = "2026-01-02T03:04:05Z".to_owned();
    let all = [
        Status::Healthy,
        Status::Degraded,
        Status::Unhealthy,
        Status::Unknown,
    ];
    let transition = |to| Transition {
        check: "a/b\"c\n".to_owned(),
        from: Status::Unknown,
        to,
        message: "it's \\ \u{1f600} odd".to_owned(),
        time: time.clone(),
        severity: Severity::Warning,
        tags: vec!["x".to_owned(), String::new()],
        silenced: to == Status::Degraded,
        details: [("k".to_owned(), "v".to_owned())].into(),
    };
    let standing = |status| Standing {
        check: format!("check/{}", status as u32),
        status,
        since: time.clone(),
        message: String::new(),
        severity: Severity::Critical,
        tags: Vec::new(),
        silenced: false,
    };
    News {
        time: time.clone(),
        labels: [("host".to_owned(), "test-host".to_owned())].into(),
        transitions: all.map(transition).into(),
        checks: all.map(standing).into(),
    }
}

/// A batch with every kind of metric, and the numbers that are odd.
fn measurements() -> Measurements {
    Measurements::default()
        .counter("example_requests_total", &[("path", "/a\"b\\c\nd")], 3.0)
        .counter("example_requests_total", &[("path", "")], 0.0)
        .gauge("example_ratio", &[], f64::NAN)
        .gauge("example_limit_bytes", &[], f64::INFINITY)
        .gauge("example_offset_seconds", &[], -1.5e-9)
        .histogram(
            "example_seconds",
            &[("x", "1")],
            &[0.1, 1.0],
            &[1.0, 3.0],
            4.0,
            9.5,
        )
}
