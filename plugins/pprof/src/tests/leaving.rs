//! What becomes of a profile whose caller, or whose plugin, comes to its end; and of one too many.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use gaxx_sdk::{json, prelude::*, testing::EndpointTest};

use super::{assert_refused, get, raw, told};
use crate::{
    answer::Answer,
    debug::Debug,
    pages::{self, Desk, Visit},
    places::Place,
    query::Query,
    refusal::{Outcome, Refusal},
    settings::Settings,
};

const CPU: [(&str, &str); 2] = [("samples", "count"), ("cpu", "nanoseconds")];

thread_local! {
    static KEPT: RefCell<Option<(Arc<Desk>, Request)>> = const { RefCell::new(None) };
}

/// Keeps a request for the test that has sent it.
struct Keeping(Debug);

impl Component for Keeping {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        Ok(Self(Debug::new(settings, context)?))
    }
}

impl Endpoint for Keeping {
    const ROUTES: &'static [Route] = Debug::ROUTES;

    fn handle(&self, request: Request, _: Body, reply: Reply, deadline: Deadline) -> Result<()> {
        KEPT.set(Some((Arc::clone(self.0.desk()), request)));
        reply.send(200, "text/plain", b"", deadline)
    }
}

fn keeping() -> (EndpointTest, Arc<Desk>, Request) {
    let endpoint = told()
        .profile(raw(&CPU, 7))
        .endpoint::<Keeping>(json!({}))
        .unwrap();
    get(&endpoint, "/debug/pprof/profile?seconds=300");
    let (desk, request) = KEPT.take().unwrap();
    (endpoint, desk, request)
}

fn serve(desk: &Desk, request: &Request, has_gone: &dyn Fn() -> bool) -> Result<Answer, Refusal> {
    let page = pages::profile("profile").unwrap();
    (page.serve)(&Visit {
        desk,
        page: page.name,
        request,
        query: Query::parse(request.query(), page.parameters)?,
        body: Vec::new(),
        has_gone,
    })
}

#[test]
fn a_caller_who_leaves_ends_his_profile() {
    let (endpoint, desk, request) = keeping();
    let looks = Cell::new(0);
    // He is there when it begins.
    let has_gone = || looks.replace(looks.get() + 1) >= 2;
    let refusal = serve(&desk, &request, &has_gone).unwrap_err();
    assert_eq!(refusal.outcome(), Outcome::Gone);
    let order = json!({ "cpu": { "hertz": 99, "seconds": 300, "plugin": "" } });
    assert_eq!(endpoint.profiled(), [order, json!({ "cancel": 1 })]);
}

#[test]
fn a_plugin_that_is_stopped_takes_no_profile() {
    let (endpoint, desk, request) = keeping();
    drop(endpoint);
    let refusal = serve(&desk, &request, &|| false).unwrap_err();
    assert!(matches!(refusal, Refusal::Stopping), "{refusal}");
    assert_eq!(refusal.status(), 503);
}

/// Has no place left.
struct Full(
    Debug,
    #[expect(dead_code, reason = "it is held")] Vec<Place>,
);

impl Component for Full {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let debug = Debug::new(settings, context)?;
        let taken = std::iter::from_fn(|| debug.place()).collect();
        Ok(Self(debug, taken))
    }
}

impl Endpoint for Full {
    const ROUTES: &'static [Route] = Debug::ROUTES;

    fn handle(&self, request: Request, body: Body, reply: Reply, time: Deadline) -> Result<()> {
        self.0.handle(request, body, reply, time)
    }
}

#[test]
fn more_than_may_be_at_work_are_told_to_come_later() {
    let endpoint = told()
        .profile(raw(&CPU, 7))
        .endpoint::<Full>(json!({}))
        .unwrap();
    assert_refused(&get(&endpoint, "/debug/pprof/heap"), 503, "as many");
    let quick = get(&endpoint, "/debug/pprof/goroutine");
    assert_eq!(quick.status, 200);
    assert!(endpoint.profiled().is_empty());
}
