//! A component of each kind, under test.

use std::{fmt, time::Duration};

use gaxx_abi::{CollectorBox, EndpointBox, ExporterBox, HealthCheckBox, abi_std::RVec};
use serde_json::Value;

use super::{
    batch::Measurements,
    conditions::Conditions,
    exchange::{Answer, Exchange},
    host::{LogLine, TestHost},
    samples::Samples,
};
use crate::{
    Collector, Endpoint, Exporter, HealthCheck, News, Notifier, Result, Status, Verdict,
    error::answer,
};

/// How long the kit waits for an answer that is completed later.
const PATIENCE: Duration = Duration::from_secs(10);

/// A collector under test. It is stopped when it is dropped.
pub struct CollectorTest {
    component: CollectorBox,
    host: TestHost,
}

/// A health check under test. It is stopped when it is dropped.
pub struct CheckTest {
    component: HealthCheckBox,
    host: TestHost,
}

/// An exporter or a notifier under test. It is stopped when it is dropped.
pub struct ExporterTest {
    component: ExporterBox,
    host: TestHost,
}

/// An endpoint under test. It is stopped when it is dropped.
pub struct EndpointTest {
    component: EndpointBox,
    host: TestHost,
}

/// Makes and starts a collector with these settings, given as in config.yaml.
pub fn collector<T: Collector>(settings: Value) -> Result<CollectorTest> {
    Conditions::default().collector::<T>(settings)
}

/// Makes and starts a health check.
pub fn check<T: HealthCheck>(settings: Value) -> Result<CheckTest> {
    Conditions::default().check::<T>(settings)
}

/// Makes and starts an exporter.
pub fn exporter<T: Exporter>(settings: Value) -> Result<ExporterTest> {
    Conditions::default().exporter::<T>(settings)
}

/// Makes and starts a notifier.
pub fn notifier<T: Notifier>(settings: Value) -> Result<ExporterTest> {
    Conditions::default().notifier::<T>(settings)
}

/// Makes and starts an endpoint.
pub fn endpoint<T: Endpoint>(settings: Value) -> Result<EndpointTest> {
    Conditions::default().endpoint::<T>(settings)
}

impl CollectorTest {
    /// Collects once.
    pub fn collect(&mut self) -> Result<Samples> {
        let mut points = RVec::new();
        answer(self.component.collect(self.host.time(), &mut points))?;
        Ok(self.host.samples(&points))
    }
}

impl CheckTest {
    /// Checks once.
    pub fn check(&mut self) -> Result<Verdict> {
        let verdict = answer(self.component.check(self.host.time()))?;
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
}

impl ExporterTest {
    /// Hands over a batch.
    pub fn export(&mut self, measurements: &Measurements) -> Result<()> {
        let time = self.host.time();
        measurements.with_batch(|batch| answer(self.component.export(batch, time)))
    }

    /// Hands over changes of health, to a notifier.
    pub fn notify(&mut self, news: &News) -> Result<()> {
        let time = self.host.time();
        let json = serde_json::to_string(news)?;
        answer(self.component.notify(json.as_str().into(), time))
    }

    /// Makes durable what was delivered.
    pub fn flush(&mut self) -> Result<()> {
        answer(self.component.flush(self.host.time()))
    }
}

impl EndpointTest {
    /// Sends a request to the route of this number and waits for the whole answer. One with a body
    /// is a `POST`.
    pub fn request(&self, route: usize, target: &str, body: &[u8]) -> Result<Answer> {
        let method = if body.is_empty() { "GET" } else { "POST" };
        self.send(method, route, target, body)
    }

    /// As [`EndpointTest::request`], with any method.
    pub fn send(&self, method: &str, route: usize, target: &str, body: &[u8]) -> Result<Answer> {
        self.send_with(method, route, target, &[], body)
    }

    /// As [`EndpointTest::send`], with headers, their names in lower case.
    pub fn send_with(
        &self,
        method: &str,
        route: usize,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        let exchange = Exchange::new(body);
        let request = Exchange::request(method, route, target, headers);
        let (body, reply) = (exchange.body(), exchange.reply());
        answer(
            self.component
                .handle(request, body, reply, self.host.time()),
        )?;
        exchange.wait(PATIENCE)
    }
}

/// What every component under test has.
macro_rules! under_test {
    ($($type:ident($component:ty))*) => {$(
        impl $type {
            /// Starts what was made. As in gaxx-mon, one that does not start is not stopped.
            #[allow(unused_mut)] // An endpoint is shared.
            pub(super) fn started(mut component: $component, host: TestHost) -> Result<Self> {
                let started = answer(component.start(host.time()));
                started.inspect_err(|_| host.cancel())?;
                Ok(Self { component, host })
            }

            /// What it has logged: the first 10,000 lines.
            pub fn log(&self) -> Vec<LogLine> {
                self.host.lock().log.clone()
            }

            /// What it has written to the audit log: the first 10,000 records.
            pub fn audited(&self) -> Vec<String> {
                self.host.lock().audited.clone()
            }

            /// The profiles it has ordered, and the sessions it has ended: each as
            /// `gaxx_abi::host::profile` describes, the first 10,000.
            pub fn profiled(&self) -> Vec<Value> {
                self.host.lock().profiles.ordered.clone()
            }

            /// What it leaves for the version that replaces it.
            pub fn save(&mut self) -> Option<Vec<u8>> {
                self.component.save(self.host.time()).into_option().map(Into::into)
            }

            /// Stops it, as dropping it does, and gives what it has logged.
            pub fn stop(self) -> Vec<LogLine> {
                let host = self.host.clone();
                drop(self);
                host.lock().log.clone()
            }

            pub(super) fn host(&self) -> &TestHost {
                &self.host
            }
        }

        impl Drop for $type {
            fn drop(&mut self) {
                self.host.cancel();
                self.component.stop(self.host.time());
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }
    )*};
}

/// What those have whose metrics are not the result of their call.
macro_rules! measured_beside {
    ($($type:ident $what:literal)*) => {$(
        impl $type {
            #[doc = concat!("The metrics of the ", $what, " itself.")]
            pub fn samples(&self) -> Samples {
                let mut points = RVec::new();
                self.component.points(&mut points);
                self.host.samples(&points)
            }
        }
    )*};
}

under_test!(
    CollectorTest(CollectorBox) CheckTest(HealthCheckBox)
    ExporterTest(ExporterBox) EndpointTest(EndpointBox)
);
measured_beside!(CheckTest "check" ExporterTest "exporter" EndpointTest "endpoint");
