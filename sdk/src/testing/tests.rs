//! The test kit tells what a component did.
#![allow(clippy::unwrap_used)]

use std::{sync::Mutex, thread};

use super::{
    Conditions, Facility, Measurements, check, collector, endpoint, exporter, hostile_settings,
};
use crate::{ErrorKind, Value, json, prelude::*};

/// Registers what its settings name, badly or well.
struct Names(Vec<Gauge>, Counter);

#[settings]
struct Named {
    gauges: Vec<String>,
    #[default("Well.".into())]
    help: String,
}

impl Component for Names {
    type Settings = Named;

    fn new(settings: Named, context: &Context) -> Result<Self> {
        let gauge = |name: &String| context.gauge(name, &settings.help);
        let gauges = settings.gauges.iter().map(gauge).collect::<Result<_>>()?;
        Ok(Self(gauges, context.counter("runs_total", "Runs.")?))
    }
}

impl Collector for Names {
    fn collect(&mut self, _: Deadline) -> Result<()> {
        self.1.increment();
        self.0.iter().for_each(|gauge| gauge.set(0.5));
        info!("collected {}", self.0.len());
        Ok(())
    }
}

impl HealthCheck for Names {
    fn check(&mut self, _: Deadline) -> Result<Verdict> {
        self.1.increment();
        Ok(Verdict::by_thresholds(self.1.get(), 2.0, 3.0, "runs".into()).detail("by", "hand"))
    }
}

#[test]
fn samples_are_compared_by_name_labels_or_as_text() {
    let mut names = collector::<Names>(json!({ "gauges": ["b", "a"] })).unwrap();
    let samples = names.collect().unwrap();
    assert_eq!(samples.names(), ["a", "b", "runs_total"]);
    assert_eq!(samples.to_string(), "a 0.5\nb 0.5\nruns_total 1\n");
    assert_eq!(samples.value("a", &[("no", "such")]), None);
    assert_eq!(names.log()[0].message, "collected 2");
}

#[test]
fn findings_name_what_breaks_the_naming_rules() {
    let gauges = ["a_total", "b_count", "c_milliseconds", "d_percent"];
    let settings = json!({ "gauges": gauges, "help": " " });
    let findings = collector::<Names>(settings)
        .unwrap()
        .collect()
        .unwrap()
        .findings();
    for (name, part) in [
        ("a_total", "only a counter"),
        ("b_count", "histogram"),
        ("c_milliseconds", "_seconds"),
        ("d_percent", "_ratio"),
        ("a_total", "help"),
    ] {
        let found = findings
            .iter()
            .any(|finding| finding.starts_with(name) && finding.contains(part));
        assert!(found, "{name}: {part}: {findings:#?}");
    }
    let good = collector::<Names>(json!({ "gauges": ["used_bytes"] }))
        .unwrap()
        .collect();
    assert_eq!(good.unwrap().findings(), Vec::<String>::new());
}

#[test]
fn two_meanings_of_one_name_are_refused() {
    let error = collector::<Names>(json!({ "gauges": ["runs_total"] })).unwrap_err();
    assert!(
        error.message().contains("runs_total is registered twice"),
        "{error}"
    );
}

#[test]
fn a_check_is_judged_by_its_thresholds() {
    let mut runs = check::<Names>(json!({ "gauges": [] })).unwrap();
    let statuses = [(); 3].map(|()| runs.check().unwrap().status);
    assert_eq!(
        statuses,
        [Status::Healthy, Status::Degraded, Status::Unhealthy]
    );
    assert_eq!(runs.samples().value("runs_total", &[]), Some(3.0));
    let unknown = Verdict::by_thresholds(f64::NAN, 1.0, 2.0, String::new());
    assert_eq!(unknown.status, Status::Unknown);
}

/// Keeps what it is given as text.
struct Texts(Counter);

static SENT: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Component for Texts {
    type Settings = NoSettings;

    fn new(_: NoSettings, context: &Context) -> Result<Self> {
        Ok(Self(context.counter("sent_total", "Sent.")?))
    }
}

impl Exporter for Texts {
    fn export(&mut self, batch: &Batch<'_>, _: Deadline) -> Result<()> {
        self.0.increment();
        let mut sent = SENT.lock().unwrap();
        for family in batch.families() {
            for series in family.series() {
                let labels: Vec<_> = series
                    .labels()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let value = match series.value {
                    Value::Counter(value) | Value::Gauge(value) => value.to_string(),
                    Value::Histogram {
                        bounds,
                        cumulative,
                        count,
                        sum,
                    } => {
                        format!("{bounds:?} {} {count} {sum}", cumulative.len())
                    }
                };
                sent.push(format!(
                    "{} {} [{}] {value}",
                    family.kind(),
                    family.name(),
                    labels.join(",")
                ));
            }
        }
        sent.extend(
            batch
                .resource()
                .map(|(name, value)| format!("{name}={value}")),
        );
        Ok(())
    }
}

#[test]
fn an_exporter_is_given_every_kind() {
    let mut texts = exporter::<Texts>(json!({})).unwrap();
    let measurements = Measurements::default()
        .counter("a_total", &[("x", "1")], 1.0)
        .counter("a_total", &[("x", "2")], 2.0)
        .gauge("b", &[], -1.5)
        .histogram("c", &[], &[1.0], &[3.0], 4.0, 9.5)
        .gauge("d", &[], f64::INFINITY);
    texts.export(&measurements).unwrap();
    texts.flush().unwrap();
    let expected = [
        "counter a_total [x=1] 1",
        "counter a_total [x=2] 2",
        "gauge b [] -1.5",
        "histogram c [] [1.0] 1 4 9.5",
        "gauge d [] inf",
        "host.name=test-host",
    ];
    assert_eq!(*SENT.lock().unwrap(), expected);
    assert_eq!(texts.samples().value("sent_total", &[]), Some(1.0));
}

struct Pages;

impl Component for Pages {
    type Settings = NoSettings;

    fn new(_: NoSettings, _: &Context) -> Result<Self> {
        Ok(Self)
    }
}

impl Endpoint for Pages {
    const ROUTES: &'static [Route] = &[
        Route::get("/whole"),
        Route::post("/later"),
        Route::get("/never"),
        Route::post("/small"),
    ];

    fn handle(
        &self,
        request: Request,
        mut body: Body,
        mut reply: Reply,
        by: Deadline,
    ) -> Result<()> {
        match request.route() {
            0 => {
                let text = format!(
                    "{} {} {}",
                    request.method(),
                    request.path(),
                    request.query()
                );
                reply.send(200, "text/plain", text.as_bytes(), by)
            }
            1 => {
                thread::spawn(move || -> Result<()> {
                    reply.head(202, &[("X-Name", "kept")])?;
                    while let Some(piece) = body.read(by)? {
                        reply.write(&piece, by)?;
                    }
                    reply.finish()
                });
                Ok(())
            }
            2 => reply.head(200, &[]),
            _ => body.read_all(3, by).map(drop),
        }
    }
}

#[test]
fn an_endpoint_answers_at_once_or_later() {
    let pages = endpoint::<Pages>(json!({})).unwrap();
    let whole = pages.request(0, "/whole?a=b", b"").unwrap();
    assert_eq!(
        (whole.status, whole.text().as_str()),
        (200, "GET /whole a=b")
    );
    assert!(
        whole
            .headers
            .contains(&("content-type".into(), "text/plain".into()))
    );

    let sent = vec![7; 200_000];
    let later = pages.request(1, "/later", &sent).unwrap();
    assert!(later.status == 202 && later.body == sent);
    assert_eq!(later.headers, [("x-name".to_owned(), "kept".to_owned())]);
}

#[test]
fn a_reply_that_is_dropped_halfway_is_an_error() {
    let pages = endpoint::<Pages>(json!({})).unwrap();
    let error = pages.request(2, "/never", b"").unwrap_err();
    assert!(error.message().contains("never finished"), "{error}");
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let pages = endpoint::<Pages>(json!({})).unwrap();
    let error = pages.request(3, "/small", b"four").unwrap_err();
    assert_eq!(error.message(), "the body is larger than 3 bytes");
}

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

/// Each runs this test program once more.
mod child {
    use std::{env, io::Write, process, thread, time::Duration};

    use crate::testing::{child::made_in_child, in_child};

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn what_works_works_in_a_child_too() {
        let outside = process::id().to_string();
        let inside = made_in_child(LONG, || process::id().to_string()).unwrap();
        assert_ne!(inside, outside);
    }

    #[test]
    fn an_abort_is_told_with_its_signal() {
        let error = in_child(|| process::abort()).unwrap_err();
        assert!(error.message().contains("signal: 6 (SIGABRT)"), "{error}");
    }

    #[test]
    fn an_exit_is_told_though_its_status_is_0() {
        let error = in_child(|| process::exit(0)).unwrap_err();
        let told = "the child ended before its part did (exit status: 0)";
        assert!(error.message().starts_with(told), "{error}");
    }

    #[test]
    fn a_panic_is_told_with_what_it_said() {
        let error = in_child(|| panic!("no luck")).unwrap_err();
        assert!(error.message().contains("no luck"), "{error}");
    }

    #[test]
    fn a_stack_that_overflows_is_told() {
        fn deeper(depth: u64) -> u64 {
            let here = std::hint::black_box([depth; 512]);
            if depth == u64::MAX {
                0
            } else {
                deeper(depth + 1) + here[0]
            }
        }
        let error = in_child(|| assert_ne!(deeper(0), 1)).unwrap_err();
        assert!(error.message().contains("overflowed its stack"), "{error}");
    }

    #[test]
    fn a_hang_is_ended() {
        let hang = || loop {
            thread::park();
        };
        let error = made_in_child(Duration::from_millis(500), hang).unwrap_err();
        assert!(error.message().contains("did not end within"), "{error}");
    }

    #[test]
    fn a_long_output_does_not_stop_the_child() {
        let part = || {
            let line = vec![b'.'; 200_000];
            std::io::stdout().write_all(&line).unwrap();
            env::args().collect()
        };
        let arguments = made_in_child(LONG, part).unwrap();
        assert!(
            arguments.contains("a_long_output_does_not_stop_the_child"),
            "{arguments}"
        );
    }

    #[test]
    fn a_second_child_is_refused() {
        in_child(|| {}).unwrap();
        let error = in_child(|| {}).unwrap_err();
        assert!(error.remedy_text().contains("two tests"), "{error}");
    }
}
