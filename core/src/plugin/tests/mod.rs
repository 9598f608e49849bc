//! Plugins at work, with a plugin made by hand on this side of the border.
#![allow(clippy::unwrap_used)]

mod calls;
mod catalog;
mod collecting;
mod plan;
mod profiled;
mod standing;
mod swap;

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    Collector_TO, CollectorBox, EndpointBox, ExporterBox, FamilySpec, Fault, HealthCheckBox,
    HostRef, Manifest, Plugin_TO, Point,
    abi_std::{
        ROk, ROption, RResult,
        RResult::{RErr, ROk as Good},
        RSlice, RStr, RVec,
    },
    component::Collector,
    fault::kind as fault_kind,
    manifest, metric,
    root::Plugin as Abi,
};

use super::{
    CallPool, Candidate, Catalog, Component, Home, Kind, Maker, Origin, Plan, PluginRow, Services,
    Timing, Want, plan::PluginPlan,
};
use crate::{
    export::Sending,
    instruments::Instruments,
    isolation::Code,
    profile::{ProfileError, Subject},
    registry::{Limits, Owner, Registry},
    role::Role,
};

/// Far longer than anything here takes.
const BOUND: Duration = Duration::from_mins(1);

/// What the test and the plugin share.
#[derive(Default)]
struct Script {
    /// Calls wait here while it is shut.
    shut: Mutex<bool>,
    opened: Condvar,
    made: AtomicUsize,
    collected: AtomicUsize,
    stopped: AtomicUsize,
    /// What a component leaves.
    leaves: Mutex<Option<Vec<u8>>>,
    /// What was asked of all components since somebody looked, such as `save one`.
    asked: Mutex<Vec<String>>,
    /// The names of the threads on which collectors were dropped.
    dropped: Mutex<Vec<String>>,
}

impl Script {
    fn shut(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let shut = self.shut.lock().unwrap();
        drop(self.opened.wait_while(shut, |shut| *shut).unwrap());
    }

    fn collected(&self) -> usize {
        self.collected.load(Ordering::SeqCst)
    }

    fn ask(&self, what: &str, name: &str) {
        self.asked.lock().unwrap().push(format!("{what} {name}"));
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// A plugin of collectors. Their settings say what they do: `"waits"`, `"fails"`,
/// `"cannot be made"`, `"is slow to make"`, or anything else to work.
struct Fake(Arc<Script>);

struct Scripted {
    script: Arc<Script>,
    name: String,
    does: String,
    slot: u32,
}

impl Abi for Fake {
    fn manifest(&self) -> Manifest {
        manifest()
    }

    fn collector(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<CollectorBox, Fault> {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        let inherited = host.inherited().into_option().map(RVec::into_vec);
        match inherited {
            Some(bytes) => self.0.ask(&format!("make from {bytes:?}"), &name),
            None => self.0.ask("make", &name),
        }
        match settings.as_str() {
            "cannot be made" => return RErr(fault("told not to")),
            "is slow to make" => self.0.pass(),
            _ => {}
        }
        let family = FamilySpec {
            name: format!("fake_{name}").into(),
            help: "Collections.".into(),
            unit: "".into(),
            kind: metric::kind::COUNTER,
            labels: RVec::new(),
            bounds: RVec::new(),
            attributes: RVec::new(),
        };
        let family = host.family(family).into_result().unwrap();
        let slot = host.series(family, RSlice::from_slice(&[])).into_result();
        let scripted = Scripted {
            script: Arc::clone(&self.0),
            name: name.into(),
            does: settings.into(),
            slot: slot.unwrap(),
        };
        Good(Collector_TO::from_value(scripted, TD_Opaque))
    }

    fn health_check(&self, _: RStr<'_>, _: RStr<'_>, _: HostRef) -> RResult<HealthCheckBox, Fault> {
        RErr(fault("no checks here"))
    }

    fn exporter(&self, _: RStr<'_>, _: RStr<'_>, _: HostRef) -> RResult<ExporterBox, Fault> {
        RErr(fault("no exporters here"))
    }

    fn endpoint(&self, _: RStr<'_>, _: RStr<'_>, _: HostRef) -> RResult<EndpointBox, Fault> {
        RErr(fault("no endpoints here"))
    }
}

impl Collector for Scripted {
    fn start(&mut self, _deadline: u64) -> RResult<(), Fault> {
        ROk(())
    }

    fn collect(&mut self, _deadline: u64, points: &mut RVec<Point>) -> RResult<(), Fault> {
        let collected = self.script.collected.fetch_add(1, Ordering::SeqCst) + 1;
        self.script.ask("collect", &self.name);
        match self.does.as_str() {
            "waits" => self.script.pass(),
            "fails" => return RErr(fault("told to fail")),
            _ => {}
        }
        points.push(Point::new(self.slot, collected as f64));
        ROk(())
    }

    fn save(&mut self, _deadline: u64) -> ROption<RVec<u8>> {
        self.script.ask("save", &self.name);
        let leaves = self.script.leaves.lock().unwrap().clone();
        leaves.map(RVec::from).into()
    }

    fn stop(&mut self, _deadline: u64) {
        self.script.stopped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        let name = thread::current().name().unwrap_or_default().to_owned();
        self.script.dropped.lock().unwrap().push(name);
    }
}

fn fault(message: &str) -> Fault {
    Fault {
        kind: fault_kind::FAILED,
        message: message.into(),
        remedy: "".into(),
        retry_after: 0,
        attributes: RVec::new(),
    }
}

fn manifest() -> Manifest {
    let component = |name: &str| manifest::Component {
        kind: manifest::kind::COLLECTOR,
        name: name.into(),
        description: "".into(),
        settings: r#"{"type": "object"}"#.into(),
        interval: 0,
        routes: RVec::new(),
        attributes: RVec::new(),
    };
    Manifest {
        name: "fake".into(),
        version: "1.0.0".into(),
        description: "Made by hand.".into(),
        components: vec![component("one"), component("two")].into(),
        attributes: RVec::new(),
    }
}

struct NoServices;

impl Services for NoServices {
    fn role(&self) -> Role {
        Role::Main
    }

    fn metrics(&self) -> String {
        String::new()
    }

    fn health(&self) -> String {
        String::new()
    }

    fn select(&self, _: &str) -> Result<Vec<u8>, Fault> {
        Err(fault("nothing to select"))
    }

    fn process(&self, _what: u32) -> Result<Vec<u8>, Fault> {
        Err(fault("nothing to give"))
    }

    fn audit(&self, _component: &Owner, _record: &str, _deadline: u64) -> Result<(), Fault> {
        Err(fault("nothing is recorded"))
    }

    fn profiled(&self, plugin: &str) -> Result<Box<dyn Subject>, ProfileError> {
        Err(ProfileError::InProcess(plugin.to_owned()))
    }
}

/// A catalog, and the plugin that it is about.
struct Bench {
    script: Arc<Script>,
    candidate: Candidate,
    registry: Registry,
    calls: CallPool,
    catalog: Catalog,
}

impl Bench {
    /// `hanging` is how many calls may hang.
    fn new(hanging: usize) -> Self {
        let script = Arc::<Script>::default();
        let instruments = Instruments::new(Role::Main);
        let registry = Registry::new(Limits::default(), instruments.registry.clone());
        let calls = CallPool::new(8, hanging);
        let maker = Maker {
            registry: registry.clone(),
            instruments,
            services: Arc::new(NoServices),
            calls: calls.clone(),
            requests: CallPool::new(1, 0),
            state_folder: "/nowhere".into(),
        };
        let plugin = Plugin_TO::from_value(Fake(Arc::clone(&script)), TD_Opaque);
        let candidate = Candidate {
            manifest: Arc::new(manifest()),
            plugin: Arc::new(plugin),
            file: None,
            home: Home::InProcess,
            origin: Origin::staying(Code::Linked("fake".to_owned())),
            replaces_builtin: false,
        };
        let catalog = Catalog::new(maker);
        Self {
            script,
            candidate,
            registry,
            calls,
            catalog,
        }
    }

    /// A plan of components and what they are to do.
    fn plan(&self, wants: &[(&str, &str)]) -> Plan {
        let want = |(name, does): &(&str, &str)| Want {
            owner: Owner::new("fake", *name),
            kind: Kind::Collector,
            settings: (*does).to_owned(),
            timing: Timing {
                interval: BOUND,
                deadline: BOUND,
                keep: BOUND,
            },
            sending: Sending::default(),
            routes: Vec::new(),
        };
        let planned = PluginPlan {
            candidate: self.candidate.clone(),
            enabled: true,
            max_series: 10,
            wants: wants.iter().map(want).collect(),
            off: Vec::new(),
        };
        Plan {
            plugins: vec![planned],
            ..Plan::default()
        }
    }

    fn apply(&self, wants: &[(&str, &str)]) -> Vec<Arc<Component>> {
        self.catalog.apply(&self.plan(wants), || {})
    }

    /// A version of the plugin, in a library of its own.
    fn version(&self, version: &str) -> Candidate {
        let manifest = Manifest {
            version: version.into(),
            ..manifest()
        };
        let plugin = Plugin_TO::from_value(Fake(Arc::clone(&self.script)), TD_Opaque);
        let digest = blake3::hash(version.as_bytes()).to_string();
        Candidate {
            manifest: Arc::new(manifest),
            plugin: Arc::new(plugin),
            file: Some(("/plugins/fake.so".into(), digest)),
            ..self.candidate.clone()
        }
    }

    /// A plan of that version; its calls have as long as `deadline`.
    fn plan_of(&self, version: &Candidate, wants: &[(&str, &str)], deadline: Duration) -> Plan {
        let mut plan = self.plan(wants);
        plan.plugins[0].candidate = version.clone();
        for want in &mut plan.plugins[0].wants {
            want.timing.deadline = deadline;
        }
        plan
    }

    /// Has that version take over.
    fn install(&self, version: &str, wants: &[(&str, &str)]) -> Vec<Arc<Component>> {
        let plan = self.plan_of(&self.version(version), wants, BOUND);
        self.catalog.apply(&plan, || {})
    }

    fn row(&self) -> PluginRow {
        PluginRow::of(&self.catalog.plugins()[0])
    }

    /// The one component of a plan that has one.
    fn component(&self, does: &str) -> Arc<Component> {
        self.apply(&[("one", does)]);
        self.catalog.components().remove(0)
    }

    /// The value that a component last delivered.
    fn value(&self, name: &str) -> Option<f64> {
        let snapshot = self.registry.snapshot();
        let all = snapshot.select(&crate::registry::Selection::All);
        let text = String::from_utf8(crate::registry::text::encode(&all)).unwrap();
        let prefix = format!("fake_{name} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
        line.map(|value| value.parse().unwrap())
    }
}

async fn idle(component: &Component) {
    assert!(
        component.idle(Instant::now() + BOUND).await,
        "it never came back"
    );
}

fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < BOUND, "it never came to be");
        thread::sleep(Duration::from_millis(1));
    }
}
