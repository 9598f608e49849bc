//! What befalls a component under test.
#![allow(
    // So that a test can write `collector::<T>(json!({}))`.
    clippy::needless_pass_by_value
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;

use super::{
    component::{CheckTest, CollectorTest, EndpointTest, ExporterTest},
    host::TestHost,
};
use crate::{
    Collector, Endpoint, Error, Exporter, HealthCheck, Host, Notifier, Process, Result, Selected,
    border, logging,
};

/// What a component can ask of its host; see [`Conditions::refusing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facility {
    /// Records of the audit log, [`Host::audit`](crate::Host::audit).
    Audit,
    /// Registering metrics.
    Families,
    /// Registering a series of a metric.
    Series,
    /// A folder of its own.
    StateFolder,
    /// All metrics, [`Host::metrics`](crate::Host::metrics).
    Metrics,
    /// The health report, [`Host::health`](crate::Host::health).
    Health,
    /// A process of its own code, [`Host::helper`](crate::Host::helper).
    Helpers,
    /// Whatever belongs to the process, [`Host::process`](crate::Host::process).
    Process,
    /// Series by selector, [`Host::select`](crate::Host::select).
    Select,
    /// Profiles, [`Host::cpu_profile`](crate::Host::cpu_profile) and
    /// [`Host::heap_profile`](crate::Host::heap_profile).
    Profiles,
}

impl Facility {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Audit,
        Self::Families,
        Self::Series,
        Self::StateFolder,
        Self::Metrics,
        Self::Health,
        Self::Helpers,
        Self::Process,
        Self::Select,
        Self::Profiles,
    ];
}

/// What befalls a component under test: little time, a host that refuses, what a version before it
/// left behind.
///
/// ```
/// # use gaxx_sdk::{json, prelude::*, testing::{Conditions, Facility}};
/// # struct Load(Gauge);
/// # impl Component for Load {
/// #     type Settings = NoSettings;
/// #     fn new(_: NoSettings, context: &Context) -> Result<Self> {
/// #         Ok(Self(context.gauge("example_load", "Load.")?))
/// #     }
/// # }
/// # impl Collector for Load {
/// #     fn collect(&mut self, _: Deadline) -> Result<()> { self.0.set(0.5); Ok(()) }
/// # }
/// let refused = Conditions::default().refusing(Facility::Families).collector::<Load>(json!({}));
/// assert_eq!(refused.unwrap_err().message(), "the test's host refuses families");
///
/// let mut late = Conditions::default().time(Duration::ZERO).collector::<Load>(json!({})).unwrap();
/// assert!(late.collect().is_ok(), "it needs no time");
/// ```
#[derive(Debug, Clone)]
pub struct Conditions {
    pub(super) time: Duration,
    pub(super) refused: BTreeSet<Facility>,
    pub(super) most_series: usize,
    pub(super) instance: String,
    pub(super) inherited: Option<Vec<u8>>,
    /// By the number of what is asked for.
    pub(super) process: BTreeMap<u32, Vec<u8>>,
    /// By selector.
    pub(super) selected: BTreeMap<String, Vec<Selected>>,
    /// In turn.
    pub(super) profiles: Vec<Result<Vec<u8>>>,
}

impl Default for Conditions {
    /// Those of [`collector`](super::collector) and its like: 10 s for each call, nothing refused,
    /// as many series as a plugin may have, the only instance, nothing inherited, nothing to tell of
    /// the process, no profiles, nothing to select.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            refused: BTreeSet::new(),
            most_series: 10_000,
            instance: String::new(),
            inherited: None,
            process: BTreeMap::new(),
            selected: BTreeMap::new(),
            profiles: Vec::new(),
        }
    }
}

impl Conditions {
    /// The time that each call is given. [`Duration::ZERO`] is a deadline that has passed.
    ///
    /// Nobody stops a call that takes longer, here as in gaxx-mon.
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// A host that refuses this. May be said several times.
    #[must_use]
    pub fn refusing(mut self, facility: Facility) -> Self {
        self.refused.insert(facility);
        self
    }

    /// A host that refuses every series after so many.
    #[must_use]
    pub fn most_series(mut self, most: usize) -> Self {
        self.most_series = most;
        self
    }

    /// One of several instances.
    #[must_use]
    pub fn instance(mut self, name: &str) -> Self {
        name.clone_into(&mut self.instance);
        self
    }

    /// What the version before has left by `save`.
    #[must_use]
    pub fn inherited(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.inherited = Some(bytes.into());
        self
    }

    /// What [`Host::process`](crate::Host::process) answers to this. What is not named is refused.
    ///
    /// ```
    /// # use gaxx_sdk::{json, prelude::*, testing::Conditions, Deadline, Process, Value};
    /// let host = Conditions::default().process(Process::Threads, r#"{"threads":[]}"#).host();
    /// let threads = host.process(Process::Threads, Deadline::after(Duration::from_secs(1)));
    /// assert_eq!(threads.unwrap(), br#"{"threads":[]}"#);
    /// ```
    #[must_use]
    pub fn process(mut self, what: Process, answer: impl Into<Vec<u8>>) -> Self {
        self.process.insert(what.number(), answer.into());
        self
    }

    /// What [`Host::select`](crate::Host::select) answers to this selector, letter by letter; to all
    /// others it answers nothing.
    #[must_use]
    pub fn selects(mut self, selector: &str, series: Vec<Selected>) -> Self {
        self.selected.insert(selector.to_owned(), series);
        self
    }

    /// A profile that [`Host::heap_profile`](crate::Host::heap_profile) gives, or the end of a
    /// [`CpuProfile`](crate::CpuProfile), of whichever plugin. May be said several times: each is
    /// given once, in turn, and the last from then on. As in gaxx-mon there is one CPU profile at a
    /// time; its turn is taken when it begins. What was ordered is told by `profiled`, as in
    /// [`EndpointTest::profiled`].
    ///
    /// ```
    /// # use gaxx_sdk::{ErrorKind, prelude::*, testing::Conditions, Deadline};
    /// let host = Conditions::default().profile("before").profile("after").host();
    /// let soon = || Deadline::after(Duration::from_secs(1));
    /// assert_eq!(host.heap_profile(None, soon()).unwrap(), b"before");
    /// let sampling = host.cpu_profile(99, Duration::from_secs(5), None, soon()).unwrap();
    /// let second = host.cpu_profile(99, Duration::from_secs(5), None, soon());
    /// assert_eq!(second.unwrap_err().kind(), ErrorKind::Limit);
    /// assert_eq!(sampling.finish(soon()).unwrap(), b"after");
    /// ```
    #[must_use]
    pub fn profile(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.profiles.push(Ok(bytes.into()));
        self
    }

    /// A profile that is not given, and why; in its turn, as [`Conditions::profile`].
    #[must_use]
    pub fn no_profile(mut self, error: Error) -> Self {
        self.profiles.push(Err(error));
        self
    }

    /// The host, for a part of a component that wants one.
    pub fn host(self) -> Host {
        handle(&TestHost::new(self))
    }

    /// Makes and starts a collector with these settings, given as in config.yaml.
    pub fn collector<T: Collector>(self, settings: Value) -> Result<CollectorTest> {
        let host = TestHost::new(self);
        let made = border::collector::<T>(&settings.to_string(), &handle(&host))?;
        CollectorTest::started(made, host)
    }

    /// Makes and starts a health check.
    pub fn check<T: HealthCheck>(self, settings: Value) -> Result<CheckTest> {
        let host = TestHost::new(self);
        let made = border::health_check::<T>(&settings.to_string(), &handle(&host))?;
        CheckTest::started(made, host)
    }

    /// Makes and starts an exporter.
    pub fn exporter<T: Exporter>(self, settings: Value) -> Result<ExporterTest> {
        let host = TestHost::new(self);
        let made = border::exporter::<T>(&settings.to_string(), &handle(&host))?;
        ExporterTest::started(made, host)
    }

    /// Makes and starts a notifier.
    pub fn notifier<T: Notifier>(self, settings: Value) -> Result<ExporterTest> {
        let host = TestHost::new(self);
        let made = border::notifier::<T>(&settings.to_string(), &handle(&host))?;
        ExporterTest::started(made, host)
    }

    /// Makes and starts an endpoint.
    pub fn endpoint<T: Endpoint>(self, settings: Value) -> Result<EndpointTest> {
        let host = TestHost::new(self);
        let made = border::endpoint::<T>(&settings.to_string(), &handle(&host))?;
        EndpointTest::started(made, host)
    }
}

/// The host of a test, for a part of a component that wants one.
pub fn host() -> Host {
    Conditions::default().host()
}

fn handle(host: &TestHost) -> Host {
    // In a library the loader's first call does this.
    logging::install();
    Host::new(host.reference())
}
