//! Components that do what they should not, and what the examination says of each.
#![allow(clippy::unwrap_used)]

use std::{
    fs::File,
    mem, process,
    sync::{Mutex, atomic::AtomicU32, atomic::Ordering},
    thread,
    time::Instant,
};

use super::documents;
use crate::{
    border,
    declare::{ComponentEntry, Make, PluginEntry},
    json,
    prelude::*,
    testing::Compliance,
};

/// What a component does beside its work.
#[derive(PartialEq)]
enum Vice {
    None,
    KeepsFiles,
    KeepsThreads,
    KeepsThreadsAtStop,
    KeepsMemory,
    AddsSeries,
    Hangs,
    Aborts,
    Exits,
    PanicsWithoutTime,
    PanicsAtStop,
    WantsFamilies,
    Fails,
    NamesBadly,
    IsAlone,
    BelievesItsHeir,
    BelievesItsSettings,
}

#[settings]
struct Settings {
    /// How much it measures.
    #[default(1.0)]
    amount: f64,
    /// For how long.
    #[default(Duration::from_secs(1))]
    time: Duration,
    /// Whatever else.
    more: Option<More>,
}

/// More of it.
#[settings]
struct More {
    /// A name.
    name: String,
}

struct Rogue<const N: usize> {
    amounts: Family<Gauge, 1>,
    badly: Option<Counter>,
    calls: u32,
}

const VICES: [Vice; 17] = [
    Vice::None,
    Vice::KeepsFiles,
    Vice::KeepsThreads,
    Vice::KeepsThreadsAtStop,
    Vice::KeepsMemory,
    Vice::AddsSeries,
    Vice::Hangs,
    Vice::Aborts,
    Vice::Exits,
    Vice::PanicsWithoutTime,
    Vice::PanicsAtStop,
    Vice::WantsFamilies,
    Vice::Fails,
    Vice::NamesBadly,
    Vice::IsAlone,
    Vice::BelievesItsHeir,
    Vice::BelievesItsSettings,
];

static ALIVE: AtomicU32 = AtomicU32::new(0);
static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

fn idle() {
    thread::spawn(|| {
        loop {
            thread::park();
        }
    });
}

impl<const N: usize> Component for Rogue<N> {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let vice = &VICES[N];
        let amounts = context.gauges("rogue_amount_bytes", "How much.", ["of"]);
        let amounts = match vice {
            Vice::WantsFamilies => amounts.unwrap(),
            _ => amounts?,
        };
        if *vice == Vice::IsAlone && ALIVE.fetch_add(1, Ordering::SeqCst) > 0 {
            ALIVE.fetch_sub(1, Ordering::SeqCst);
            return Err(Error::failed("there is one already"));
        }
        if let (Vice::BelievesItsHeir, Some(bytes)) = (vice, context.host().inherited()) {
            String::from_utf8(bytes)?;
        }
        if *vice == Vice::BelievesItsSettings {
            let until = Instant::now() + settings.time;
            info!("until {until:?}");
        }
        let badly = match vice {
            Vice::NamesBadly => Some(context.counter("rogue_timeMs", "time")?),
            _ => None,
        };
        if settings.more.is_some_and(|more| more.name.is_empty()) {
            return Err(Error::settings("more.name is empty"));
        }
        Ok(Self {
            amounts,
            badly,
            calls: 0,
        })
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(b"saved".to_vec())
    }

    fn stop(&mut self, _: Deadline) {
        match &VICES[N] {
            Vice::PanicsAtStop => panic!("not now"),
            Vice::KeepsThreadsAtStop => idle(),
            Vice::IsAlone => {
                ALIVE.fetch_sub(1, Ordering::SeqCst);
            }
            _ => {}
        }
    }
}

impl<const N: usize> Collector for Rogue<N> {
    fn collect(&mut self, deadline: Deadline) -> Result<()> {
        self.calls += 1;
        self.badly.iter().for_each(Counter::increment);
        let mut label = "all".to_owned();
        match &VICES[N] {
            Vice::KeepsFiles => mem::forget(File::open("/dev/null")?),
            Vice::KeepsThreads => idle(),
            Vice::KeepsMemory => KEPT.lock().unwrap().push(vec![1; 1 << 20]),
            Vice::AddsSeries => label = self.calls.to_string(),
            Vice::Hangs => loop {
                thread::park();
            },
            Vice::Aborts => process::abort(),
            Vice::Exits => process::exit(0),
            Vice::PanicsWithoutTime => assert!(!deadline.has_passed(), "no time"),
            Vice::Fails => return Err(Error::failed("the disk is gone")),
            _ => {}
        }
        self.amounts.with([&label]).set(1.0);
        Ok(())
    }
}

/// A plugin of one component, as if in a crate of its own; and what the examination finds.
macro_rules! rogues {
    ($($number:literal $name:ident: $finding:expr;)*) => {$(
        #[test]
        fn $name() {
            const NAME: &str = stringify!($name);
            crate::inventory::submit! { PluginEntry {
                package: concat!("rogue-", $number),
                name: concat!("rogue", $number),
                version: "1.0.0",
                description: "Does what it should not.",
                claims: &[],
            } }
            crate::inventory::submit! { ComponentEntry {
                package: concat!("rogue-", $number),
                name: "rogue",
                description: "",
                schema: border::schema::<Rogue<$number>>,
                interval: None,
                asked_by: None,
                roles: &[],
                make: Make::Collector(border::collector::<Rogue<$number>>),
            } }
            let findings = examination(concat!("rogue", $number)).findings();
            let expected: &[&str] = $finding;
            for part in expected {
                let found = findings.iter().any(|finding| finding.contains(part));
                assert!(found, "{NAME}: {part:?} is not in {findings:#?}");
            }
            assert!(!expected.is_empty() || findings.is_empty(), "{findings:#?}");
        }
    )*};
}

fn examination(plugin: &str) -> Compliance {
    let examination = super::comply(plugin).cycles(100);
    if plugin == "rogue6" {
        // It hangs: why wait.
        return examination.patience(Duration::from_millis(200));
    }
    examination
}

rogues! {
    0 one_that_behaves_has_no_findings: &[];
    1 kept_files_are_found: &[
        "rogue1/rogue: ", "open files became", " open files behind"];
    2 kept_threads_are_found: &["threads became", " threads behind"];
    3 threads_that_outlive_their_component_are_found: &[" threads behind"];
    4 kept_memory_is_found: &["KiB of memory became"];
    5 series_without_bound_are_found: &["20 series became 100 in 80 calls, more and more"];
    6 a_hang_is_found: &["rogue6/rogue: many calls: not over within 0.2 s"];
    7 an_abort_is_found: &["signal: 6", "rogue: many calls"];
    8 an_exit_is_found: &["ended before its part did (exit status: 0)", "rogue: many calls"];
    9 a_panic_without_time_is_found: &["without time: panicked at ", ": no time"];
    10 a_panic_at_the_end_is_found: &["panicked at ", ": not now"];
    11 a_panic_at_a_refusal_is_found: &["refused by the host: panicked at "];
    12 a_failure_is_found: &["it does not work with the settings of this test: the disk is gone"];
    13 bad_names_are_found: &[
        "rogue_timeMs: a name is made of",
        "rogue_timeMs: a counter's name should end in _total",
        "rogue_timeMs: the help text is no sentence",
    ];
    14 one_that_must_be_alone_is_found: &["two instances: there is one already"];
    16 a_panic_at_a_setting_is_found: &["setting time is a time that no clock holds: panicked at "];
    15 trust_in_a_foreign_state_is_found: &["with a state that it cannot read: invalid utf-8"];
}

#[test]
fn what_is_excepted_is_not_found() {
    let mut examination = super::comply("rogue");
    let finding = "a_b_seconds: a counter's name should end in _total".to_owned();
    assert!(!examination.excepts(&finding));
    for (name, excepts) in [
        ("a_b_seconds", true),
        ("a_b", false),
        ("a_*", true),
        ("b_*", false),
    ] {
        examination.excepted = vec![name.to_owned()];
        assert_eq!(examination.excepts(&finding), excepts, "{name}");
    }
}

#[test]
fn settings_without_documents_are_found() {
    let schema = json!({
        "properties": {
            "told": { "description": "How much.", "default": 1 },
            "needed": { "description": "How much." },
            "optional": { "description": "How much.", "type": ["integer", "null"] },
            "untold": { "default": 1 },
            "unclear": { "description": "How much.", "type": "integer" },
            "inner": { "description": "More.", "anyOf": [{ "type": "null" }] },
        },
        "additionalProperties": false,
        "required": ["needed"],
        "$defs": { "Inner": { "properties": { "a": { "description": "a", "default": 1 } } } },
    });
    let untold = "has no description that is a sentence: write a doc comment";
    let expected = [
        format!("setting untold {untold}"),
        "setting unclear has no default, need not be given and may not be left out".to_owned(),
        "settings Inner: unknown keys are not refused".to_owned(),
        format!("setting Inner.a {untold}"),
    ];
    assert_eq!(documents::of_settings(&schema), expected);
}

#[test]
fn a_manifest_without_sense_is_found() {
    let plugins = crate::linked().into_iter();
    let mut manifests = plugins.map(|plugin| plugin.manifest());
    let mut manifest = manifests.find(|it| it.name == "declared").unwrap();
    assert_eq!(documents::of_manifest(&manifest), Vec::<String>::new());
    manifest.name = "De clared".into();
    manifest.description = "a text".into();
    manifest.components[0].kind = 77;
    manifest.components[1].kind = gaxx_abi::manifest::kind::ENDPOINT;
    manifest.components[1].name = manifest.components[0].name.clone();
    let findings = documents::of_manifest(&manifest).join("\n");
    for part in [
        "De clared: its name is not",
        "De clared: its description is no sentence",
        "De clared/first: its kind is unknown",
        "De clared/first: another component has its name",
        "De clared/first: endpoints have routes, others none",
    ] {
        assert!(findings.contains(part), "{part}: {findings}");
    }
}

#[test]
fn a_plugin_that_is_not_there_is_found() {
    let nobody = super::comply("nobody").examine();
    assert_eq!(nobody, ["no plugin nobody is linked with this test"]);
}
