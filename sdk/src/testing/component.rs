//! A component of each kind, under test.
#![allow(
    // So that a test can write `collector::<T>(json!({}))`.
    clippy::needless_pass_by_value
)]

use std::{fmt, time::Duration};

use gaxx_abi::{CollectorBox, EndpointBox, ExporterBox, HealthCheckBox, abi_std::RVec};
use serde_json::Value;

use super::{
    batch::Measurements,
    exchange::{Answer, Exchange},
    host::{LogLine, TestHost},
    samples::Samples,
};
use crate::{
    Collector, Endpoint, Exporter, HealthCheck, Host, Result, Status, Verdict, border,
    error::answer, logging,
};

/// How long a call may take in a test.
const PATIENCE: Duration = Duration::from_secs(10);

/// A collector under test.
pub struct CollectorTest {
    component: CollectorBox,
    host: TestHost,
}

/// A health check under test.
pub struct CheckTest {
    component: HealthCheckBox,
    host: TestHost,
}

/// An exporter under test.
pub struct ExporterTest {
    component: ExporterBox,
    host: TestHost,
}

/// An endpoint under test.
pub struct EndpointTest {
    component: EndpointBox,
    host: TestHost,
    routes: usize,
}

/// Makes and starts a collector with these settings, given as in config.yaml.
pub fn collector<T: Collector>(settings: Value) -> Result<CollectorTest> {
    let host = TestHost::default();
    let mut component = border::collector::<T>(&settings.to_string(), &handle(&host))?;
    answer(component.start(patience()))?;
    Ok(CollectorTest { component, host })
}

/// Makes and starts a health check.
pub fn check<T: HealthCheck>(settings: Value) -> Result<CheckTest> {
    let host = TestHost::default();
    let mut component = border::health_check::<T>(&settings.to_string(), &handle(&host))?;
    answer(component.start(patience()))?;
    Ok(CheckTest { component, host })
}

/// Makes and starts an exporter.
pub fn exporter<T: Exporter>(settings: Value) -> Result<ExporterTest> {
    let host = TestHost::default();
    let mut component = border::exporter::<T>(&settings.to_string(), &handle(&host))?;
    answer(component.start(patience()))?;
    Ok(ExporterTest { component, host })
}

/// Makes and starts an endpoint.
pub fn endpoint<T: Endpoint>(settings: Value) -> Result<EndpointTest> {
    let host = TestHost::default();
    let component = border::endpoint::<T>(&settings.to_string(), &handle(&host))?;
    answer(component.start(patience()))?;
    Ok(EndpointTest {
        component,
        host,
        routes: T::ROUTES.len(),
    })
}

impl CollectorTest {
    /// Collects once.
    pub fn collect(&mut self) -> Result<Samples> {
        let mut points = RVec::new();
        answer(self.component.collect(patience(), &mut points))?;
        Ok(self.host.samples(&points))
    }
}

impl CheckTest {
    /// Checks once.
    pub fn check(&mut self) -> Result<Verdict> {
        let verdict = answer(self.component.check(patience()))?;
        Ok(Verdict {
            status: Status::from_number(verdict.status),
            message: verdict.message.into(),
            details: verdict
                .details
                .into_iter()
                .map(|detail| (detail.name.into(), detail.value.into()))
                .collect(),
        })
    }

    /// The metrics of the check itself.
    pub fn samples(&self) -> Samples {
        let mut points = RVec::new();
        self.component.points(&mut points);
        self.host.samples(&points)
    }
}

impl ExporterTest {
    /// Hands over a batch.
    pub fn export(&mut self, measurements: &Measurements) -> Result<()> {
        measurements.with_batch(|batch| answer(self.component.export(batch, patience())))
    }

    /// Makes durable what was delivered.
    pub fn flush(&mut self) -> Result<()> {
        answer(self.component.flush(patience()))
    }

    /// The metrics of the exporter itself.
    pub fn samples(&self) -> Samples {
        let mut points = RVec::new();
        self.component.points(&mut points);
        self.host.samples(&points)
    }
}

impl EndpointTest {
    /// Sends a request to the route of this number and waits for the whole answer.
    ///
    /// # Panics
    ///
    /// If the component has no such route.
    pub fn request(&self, route: usize, target: &str, body: &[u8]) -> Result<Answer> {
        assert!(
            route < self.routes,
            "the component has {} routes",
            self.routes
        );
        let exchange = Exchange::new(body);
        let request = exchange.request(route, target);
        answer(
            self.component
                .handle(request, exchange.body(), exchange.reply(), patience()),
        )?;
        exchange.wait(PATIENCE)
    }

    /// The metrics of the endpoint itself.
    pub fn samples(&self) -> Samples {
        let mut points = RVec::new();
        self.component.points(&mut points);
        self.host.samples(&points)
    }
}

/// What every component under test has.
macro_rules! observed {
    ($($type:ident)*) => {$(
        impl $type {
            /// What it has logged.
            pub fn log(&self) -> Vec<LogLine> {
                self.host.lock().log.clone()
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }
    )*};
}

observed!(CollectorTest CheckTest ExporterTest EndpointTest);

fn handle(host: &TestHost) -> Host {
    // In a library the loader's first call does this.
    logging::install();
    Host::new(host.reference())
}

fn patience() -> u64 {
    u64::try_from(PATIENCE.as_nanos()).unwrap_or(u64::MAX)
}
