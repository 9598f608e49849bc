//! A plugin made by hand: what its components do is in their settings, and what becomes of them
//! they tell to their host's log.

use std::sync::atomic::{AtomicUsize, Ordering};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    Attribute, Batch, BodyBox, Collector_TO, CollectorBox, Endpoint_TO, EndpointBox, Exporter_TO,
    ExporterBox, Fault, HealthCheck_TO, HealthCheckBox, HostRef, Manifest, Plugin_TO, PluginBox,
    Point, ReplyBox, Request, Verdict,
    abi_std::{
        ROption,
        RResult::{self, RErr, ROk},
        RStr, RVec,
    },
    component::{Collector, Endpoint, Exporter, HealthCheck},
    fault::kind,
    host::level,
    root::Plugin,
};

use super::super::fault;
use crate::{
    isolation::wire::message::{Code, Told},
    profile::label::Label,
};

/// Gives the plugin where `fake` is asked for.
pub(super) fn load(code: &Code) -> Result<(PluginBox, Manifest), Told> {
    if *code != Code::Linked("fake".into()) {
        return Err(Told::Refused {
            reason: "unknown".into(),
            error: "no such plugin".into(),
            remedy: "ask for fake".into(),
        });
    }
    let manifest = Fake.manifest();
    Ok((Plugin_TO::from_value(Fake, TD_Opaque), manifest))
}

struct Fake;

/// A component of any kind.
struct Part {
    host: HostRef,
    settings: String,
    requests: AtomicUsize,
}

impl Plugin for Fake {
    fn manifest(&self) -> Manifest {
        Manifest {
            name: "fake".into(),
            version: "1.0.0".into(),
            description: "Made by hand.".into(),
            components: RVec::new(),
            attributes: RVec::new(),
        }
    }

    fn collector(
        &self,
        _: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<CollectorBox, Fault> {
        if settings == "cannot be made" {
            return RErr(fault(kind::SETTINGS, "told not to"));
        }
        ROk(Collector_TO::from_value(
            Part::new(settings, host),
            TD_Opaque,
        ))
    }

    fn health_check(
        &self,
        _: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<HealthCheckBox, Fault> {
        ROk(HealthCheck_TO::from_value(
            Part::new(settings, host),
            TD_Opaque,
        ))
    }

    fn exporter(
        &self,
        _: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<ExporterBox, Fault> {
        ROk(Exporter_TO::from_value(
            Part::new(settings, host),
            TD_Opaque,
        ))
    }

    fn endpoint(
        &self,
        _: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<EndpointBox, Fault> {
        ROk(Endpoint_TO::from_value(
            Part::new(settings, host),
            TD_Opaque,
        ))
    }
}

impl Part {
    fn new(settings: RStr<'_>, host: HostRef) -> Self {
        Self {
            host,
            settings: settings.into(),
            requests: AtomicUsize::new(0),
        }
    }

    fn say(&self, what: &str) {
        self.host.log(level::INFO, "fake".into(), what.into());
    }

    fn started(&self, deadline: u64) -> RResult<(), Fault> {
        self.say(&format!("started within {deadline}"));
        ROk(())
    }

    /// Says for whom samples of this thread are.
    fn say_whose(&self) {
        match Label::current().owner() {
            Some(owner) => self.say(&format!("in a call of {owner}")),
            None => self.say("in no call"),
        }
    }

    /// Fails if told to, or says in whose call it is; its number is that of requests so far.
    fn act(&self, points: &mut RVec<Point>) -> RResult<(), Fault> {
        if self.settings == "says whose" {
            self.say_whose();
        }
        if self.settings == "fails" {
            return RErr(fault(kind::PERMANENT, "told to fail"));
        }
        self.count(points);
        ROk(())
    }

    fn count(&self, points: &mut RVec<Point>) {
        points.push(Point::new(1, self.requests.load(Ordering::SeqCst) as f64));
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let cancelled = self.host.is_cancelled();
        self.say(&format!("dropped, cancelled: {cancelled}"));
    }
}

impl Collector for Part {
    fn start(&mut self, deadline: u64) -> RResult<(), Fault> {
        self.started(deadline)
    }

    /// The deadline, and whether it is cancelled.
    fn collect(&mut self, deadline: u64, points: &mut RVec<Point>) -> RResult<(), Fault> {
        points.push(Point::new(7, deadline as f64));
        points.push(Point::new(8, f64::from(self.host.is_cancelled())));
        self.act(points)
    }

    fn save(&mut self, deadline: u64) -> ROption<RVec<u8>> {
        ROption::RSome(deadline.to_le_bytes().to_vec().into())
    }

    fn stop(&mut self, deadline: u64) {
        self.say(&format!("stopped within {deadline}"));
    }
}

impl HealthCheck for Part {
    fn start(&mut self, deadline: u64) -> RResult<(), Fault> {
        self.started(deadline)
    }

    fn check(&mut self, deadline: u64) -> RResult<Verdict, Fault> {
        self.act(&mut RVec::new()).map(|()| Verdict {
            status: 1,
            message: format!("checked within {deadline}").into(),
            details: RVec::new(),
        })
    }

    fn points(&self, points: &mut RVec<Point>) {
        self.count(points);
    }

    fn save(&mut self, _: u64) -> ROption<RVec<u8>> {
        ROption::RNone
    }

    fn stop(&mut self, _: u64) {}
}

impl Exporter for Part {
    fn start(&mut self, deadline: u64) -> RResult<(), Fault> {
        self.started(deadline)
    }

    /// Says what came.
    fn export(&mut self, batch: Batch<'_>, _: u64) -> RResult<(), Fault> {
        let names: Vec<&str> = batch
            .resource
            .iter()
            .map(|Attribute { name, .. }| name.as_str())
            .collect();
        let points = batch.points.len();
        self.say(&format!(
            "{names:?} with {points} points at {} of {}",
            batch.time, batch.generation
        ));
        self.act(&mut RVec::new())
    }

    fn flush(&mut self, _: u64) -> RResult<(), Fault> {
        ROk(())
    }

    fn points(&self, points: &mut RVec<Point>) {
        self.count(points);
    }

    fn save(&mut self, _: u64) -> ROption<RVec<u8>> {
        ROption::RNone
    }

    fn stop(&mut self, _: u64) {}
}

impl Endpoint for Part {
    fn start(&self, deadline: u64) -> RResult<(), Fault> {
        self.started(deadline)
    }

    /// Sends the body back, each piece in brackets. A path of `/later` is answered by another
    /// thread, after the call has returned; `/never` and `/whose` are not answered.
    fn handle(
        &self,
        request: Request,
        body: BodyBox,
        reply: ReplyBox,
        deadline: u64,
    ) -> RResult<(), Fault> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let echo = move || echo(body, reply, deadline);
        match request.path.as_str() {
            "/never" => drop(echo),
            "/whose" => self.say_whose(),
            "/later" => drop(std::thread::spawn(echo)),
            _ => return echo().into(),
        }
        ROk(())
    }

    fn points(&self, points: &mut RVec<Point>) {
        self.count(points);
    }

    fn save(&self, _: u64) -> ROption<RVec<u8>> {
        ROption::RNone
    }

    fn stop(&self, deadline: u64) {
        self.say(&format!("stopped within {deadline}"));
    }
}

fn echo(mut body: BodyBox, mut reply: ReplyBox, deadline: u64) -> Result<(), Fault> {
    reply.head(200, RVec::new()).into_result()?;
    while let ROption::RSome(piece) = body.read(5, deadline).into_result()? {
        let piece = [b"<", piece.as_slice(), b">"].concat();
        reply
            .write(piece.as_slice().into(), deadline)
            .into_result()?;
    }
    reply.finish().into_result()
}
