//! Faults that are not the component's own.

use crate::{
    ErrorKind, json,
    prelude::*,
    testing::{Conditions, Facility, collector, hostile_settings},
};

/// Does what its settings say, in each call.
struct Faulty {
    does: String,
    host: Host,
    worked: Counter,
}

#[settings]
struct Does {
    does: String,
}

impl Component for Faulty {
    type Settings = Does;

    fn new(settings: Does, context: &Context) -> Result<Self> {
        Ok(Self {
            does: settings.does,
            host: context.host().clone(),
            worked: context.counter("worked_total", "Calls.")?,
        })
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(self.worked.get().to_string().into_bytes())
    }

    fn stop(&mut self, _: Deadline) {
        info!("stopped, cancelled: {}", self.host.is_cancelled());
    }
}

impl Collector for Faulty {
    fn collect(&mut self, deadline: Deadline) -> Result<()> {
        self.worked.increment();
        match self.does.as_str() {
            "panic" if self.worked.get() < 2.0 => panic!("once"),
            "look" => assert!(!self.host.is_cancelled() && !deadline.has_passed()),
            "metrics" => drop(self.host.metrics()?),
            "health" => drop(self.host.health()?),
            "folder" => drop(self.host.state_folder()?),
            "inherit" => info!("{:?} {}", self.host.inherited(), self.host.instance()),
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn after_a_panic_the_kit_goes_on() {
    let mut faulty = collector::<Faulty>(json!({ "does": "panic" })).unwrap();
    let error = faulty.collect().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Panic);
    assert!(error.message().ends_with(": once"), "{error}");
    let samples = faulty.collect().unwrap();
    assert_eq!(samples.value("worked_total", &[]), Some(2.0));
    assert_eq!(faulty.stop()[0].message, "stopped, cancelled: true");
}

#[test]
fn a_call_has_the_time_it_is_given() {
    let look = json!({ "does": "look" });
    assert!(collector::<Faulty>(look.clone()).unwrap().collect().is_ok());
    let late = Conditions::default().time(Duration::ZERO);
    let error = late
        .collector::<Faulty>(look)
        .unwrap()
        .collect()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Panic, "{error}");
}

#[test]
fn a_host_refuses_what_it_should_and_nothing_else() {
    for (facility, does) in [
        (Facility::Metrics, "metrics"),
        (Facility::Health, "health"),
        (Facility::StateFolder, "folder"),
    ] {
        let settings = json!({ "does": does });
        let mut granted = collector::<Faulty>(settings.clone()).unwrap();
        assert!(granted.collect().is_ok(), "{does}");
        let refusing = Conditions::default().refusing(facility);
        let mut refused = refusing.collector::<Faulty>(settings).unwrap();
        let error = refused.collect().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{does}: {error}");
    }
    for (conditions, kind) in [
        (
            Conditions::default().refusing(Facility::Families),
            ErrorKind::Refused,
        ),
        (
            Conditions::default().refusing(Facility::Series),
            ErrorKind::Refused,
        ),
        (Conditions::default().most_series(0), ErrorKind::Limit),
    ] {
        let made = conditions.collector::<Faulty>(json!({ "does": "" }));
        assert_eq!(made.unwrap_err().kind(), kind);
    }
}

#[test]
fn a_state_is_saved_and_inherited() {
    let mut old = collector::<Faulty>(json!({ "does": "" })).unwrap();
    old.collect().unwrap();
    let saved = old.save().unwrap();
    let after = Conditions::default().inherited(saved).instance("web");
    let mut new = after
        .collector::<Faulty>(json!({ "does": "inherit" }))
        .unwrap();
    new.collect().unwrap();
    assert_eq!(new.log()[0].message, "Some([49]) web");
}

#[settings]
struct Guarded {
    number: u8,
    #[default]
    word: Word,
    time: Option<Duration>,
    #[default]
    inner: Inner,
    #[default]
    list: Vec<String>,
}

#[settings]
#[derive(Default)]
enum Word {
    #[default]
    One,
    Other,
}

#[settings]
struct Inner {
    #[default(true)]
    flag: bool,
}

struct Plain;

impl Component for Plain {
    type Settings = Guarded;

    fn new(_: Guarded, _: &Context) -> Result<Self> {
        Ok(Self)
    }
}

#[test]
fn what_a_schema_forbids_is_refused_and_named() {
    let valid = json!({ "number": 1 });
    let all = hostile_settings::<Plain>(&valid);
    for hostile in &all {
        let read = crate::settings::read::<Guarded>(&hostile.settings.to_string());
        let what = format!("{} {}", hostile.setting, hostile.fault);
        match read {
            Ok(_) => assert!(!hostile.forbidden, "{what} is forbidden, and read"),
            Err(error) if hostile.forbidden => {
                let key = hostile.setting.rsplit('.').next().unwrap();
                assert!(error.message().contains(key), "{what}: {error}");
            }
            Err(_) => {}
        }
    }
    let forbidden = |setting: &str, fault: &str| {
        let one = all
            .iter()
            .find(|it| it.setting == setting && it.fault == fault);
        one.unwrap_or_else(|| panic!("{setting} {fault}: {all:#?}"))
            .forbidden
    };
    for (setting, fault, expected) in [
        ("no_such_setting", "is not known", true),
        ("inner.no_such_setting", "is not known", true),
        ("number", "is null", true),
        ("number", "is a huge text", true),
        ("number", "is negative", false),
        ("word", "is an empty text", true),
        ("time", "is null", false),
        ("time", "is an empty text", true),
        ("time", "is a time that no clock holds", false),
        ("inner.flag", "is a number", true),
        ("inner.flag", "is a boolean", false),
        ("list", "is a section", true),
        ("list", "is an empty list", false),
    ] {
        assert_eq!(forbidden(setting, fault), expected, "{setting} {fault}");
    }
}
