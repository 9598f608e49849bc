//! A declared plugin, called as the host calls it.
#![allow(clippy::unwrap_used)]

use gaxx_abi::{CollectorBox, Fault, HostRef, PluginBox, abi_std::RVec, fault, manifest::kind};

use crate::{
    Host, metrics,
    prelude::*,
    testing::{Conditions, TestHost},
};

/// Misbehaves where its settings say so.
struct Fickle {
    settings: Settings,
    calls: Counter,
}

#[settings]
struct Settings {
    #[default]
    panics_in: String,
    #[default]
    fails: bool,
}

impl Settings {
    fn pass(&self, call: &str) {
        assert!(self.panics_in != call, "{call} panics");
    }
}

impl Component for Fickle {
    type Settings = Settings;
    const INTERVAL: Option<Duration> = Some(Duration::from_secs(7));
    const ASKED_BY: Option<&'static str> = Some("fails");

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        settings.pass("new");
        let calls = context.counter("calls_total", "Calls.")?;
        Ok(Self { settings, calls })
    }

    fn start(&mut self, _deadline: Deadline) -> Result<()> {
        self.settings.pass("start");
        Ok(())
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        self.settings.pass("save");
        Some(vec![1, 2, 3])
    }

    fn stop(&mut self, _deadline: Deadline) {
        self.settings.pass("stop");
    }
}

impl Collector for Fickle {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        self.settings.pass("collect");
        self.calls.increment();
        if self.settings.fails {
            return Err(Error::failed("asked to").remedy("ask for something else"));
        }
        Ok(())
    }
}

impl HealthCheck for Fickle {
    fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
        self.calls.increment();
        Ok(Verdict::degraded("so-so").detail("calls", self.calls.get()))
    }
}

crate::plugin! {
    name = "declared";
    description = "Stands in a test.";
    claims = ["telemetry.some_key=out.url"];
    check "second" => Fickle, "It judges.";
    collector "first" => Fickle;
}

fn plugin() -> PluginBox {
    let plugins = crate::linked().into_iter();
    plugins
        .into_iter()
        .find(|plugin| plugin.manifest().name == "declared")
        .unwrap()
}

fn host() -> (TestHost, HostRef) {
    crate::logging::install();
    let host = TestHost::default();
    (host.clone(), host.reference())
}

fn collector(settings: &str) -> Result<(TestHost, CollectorBox), Fault> {
    let (kept, host) = host();
    let made = plugin().collector("first".into(), settings.into(), host);
    made.into_result().map(|collector| (kept, collector))
}

#[test]
fn the_manifest_says_what_was_declared() {
    let manifest = plugin().manifest();
    assert_eq!(manifest.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(manifest.description, "Stands in a test.");
    assert_eq!(manifest.attributes[0].name, "claim");
    assert_eq!(manifest.attributes[0].value, "telemetry.some_key=out.url");
    let [first, second] = manifest.components.as_slice() else {
        panic!("{manifest:?}");
    };
    assert_eq!(
        (first.kind, first.name.as_str()),
        (kind::COLLECTOR, "first")
    );
    assert_eq!(first.description, "Stands in a test.");
    assert_eq!(first.interval, 7_000_000_000);
    assert_eq!(first.attributes[0].name, "asked-by");
    assert_eq!(first.attributes[0].value, "fails");
    assert!(first.settings.contains("panics_in"), "{first:?}");
    assert_eq!(
        (second.kind, second.name.as_str()),
        (kind::HEALTH_CHECK, "second")
    );
    assert_eq!(second.description, "It judges.");
}

#[test]
fn what_the_plugin_does_not_have_cannot_be_made() {
    let no_check = plugin().health_check("first".into(), "{}".into(), host().1);
    let no_name = plugin().collector("third".into(), "{}".into(), host().1);
    for fault in [no_check.into_result().err(), no_name.into_result().err()] {
        let fault = fault.unwrap();
        assert_eq!(fault.kind, fault::kind::UNKNOWN);
        assert!(fault.message.contains("declared"), "{fault:?}");
    }
}

#[test]
fn wrong_settings_are_a_fault_that_names_the_key() {
    let fault = collector(r#"{"fails":3}"#).err().unwrap();
    assert_eq!(fault.kind, fault::kind::SETTINGS);
    assert!(fault.message.starts_with("fails: "), "{fault:?}");
}

#[test]
fn a_panic_in_any_call_stays_on_this_side() {
    let fault = collector(r#"{"panics_in":"new"}"#).err().unwrap();
    assert_eq!(fault.kind, fault::kind::PANIC);
    assert!(fault.message.ends_with(": new panics"), "{fault:?}");

    let made = |call: &str| {
        collector(&format!(r#"{{"panics_in":"{call}"}}"#))
            .ok()
            .unwrap()
    };
    let (_, mut starting) = made("start");
    let fault = starting.start(1).into_result().unwrap_err();
    assert!(fault.message.ends_with(": start panics"), "{fault:?}");

    let (_, mut collecting) = made("collect");
    let fault = collecting
        .collect(1, &mut RVec::new())
        .into_result()
        .unwrap_err();
    assert!(fault.message.ends_with(": collect panics"), "{fault:?}");

    let (kept, mut saving) = made("save");
    let left = saving.save(1).into_option().unwrap();
    let (own, _) = metrics::decode(&left);
    assert_eq!(own, None, "its counts are left all the same");
    assert!(kept.lock().log[0].message.ends_with(": save panics"));

    let (kept, mut stopping) = made("stop");
    stopping.stop(1);
    assert!(kept.lock().log[0].message.ends_with(": stop panics"));
}

#[test]
fn a_collection_that_fails_hands_nothing_over() {
    let mut points = RVec::new();
    let (_, mut fails) = collector(r#"{"fails":true}"#).ok().unwrap();
    let fault = fails.collect(1, &mut points).into_result().unwrap_err();
    assert_eq!((fault.message.as_str(), points.len()), ("asked to", 0));
    assert_eq!(fault.remedy, "ask for something else");

    let (_, mut works) = collector("{}").ok().unwrap();
    works.collect(1, &mut points).into_result().unwrap();
    assert_eq!((points.len(), points[0].value), (1, 1.0));
}

/// What a component leaves goes to the next one: the author's bytes, and what was counted.
#[test]
fn the_next_version_finds_what_was_left_and_counts_on() {
    let mut left = None;
    for total in [1.0, 2.0, 3.0] {
        let conditions = Conditions::default();
        let conditions = match left.clone() {
            Some(left) => conditions.inherited(left),
            None => conditions,
        };
        let host = TestHost::new(conditions);
        assert_eq!(
            Host::new(host.reference()).inherited(),
            left.map(|_| vec![1, 2, 3])
        );
        let made = plugin().collector("first".into(), "{}".into(), host.reference());
        let mut collector = made.into_result().ok().unwrap();
        let mut points = RVec::new();
        collector.collect(1, &mut points).into_result().unwrap();
        assert_eq!(host.samples(&points).value("calls_total", &[]), Some(total));
        left = collector.save(1).into_option().map(RVec::into_vec);
    }
}

#[test]
fn a_check_hands_its_own_numbers_over_beside_its_verdict() {
    let (kept, host) = host();
    let made = plugin().health_check("second".into(), "{}".into(), host);
    let mut check = made.into_result().ok().unwrap();
    let verdict = check.check(1).into_result().unwrap();
    assert_eq!((verdict.status, verdict.message.as_str()), (1, "so-so"));
    assert_eq!(verdict.details[0].value, "1");
    let mut points = RVec::new();
    check.points(&mut points);
    assert_eq!(kept.samples(&points).value("calls_total", &[]), Some(1.0));
}
