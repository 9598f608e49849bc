//! The test kit tells what a component did.
#![allow(clippy::unwrap_used)]

mod child;
mod faults;
mod helper;
mod profiles;

use std::{sync::Mutex, thread};

use super::{Measurements, check, collector, endpoint, exporter};
use crate::{Value, json, prelude::*};

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
