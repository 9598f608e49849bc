//! The paths, and what answers them.

use std::sync::Arc;

use gaxx_sdk::{
    prelude::*,
    serde_json::{Value, json},
};

use crate::{
    decline::Decline,
    heartbeat::Heart,
    run::Caller,
    service::{Exec, Service},
    settings::Settings,
    table::Ending,
};

/// The largest body that the listener passes on. It is streamed; what is held of it has its own
/// limit, `max_request`.
const MOST_BODY: u64 = 1 << 50;

/// The endpoint.
pub(crate) struct Agent {
    service: Arc<Service>,
    heart: Heart,
}

impl Component for Agent {
    type Settings = Settings;
    const ROLES: &'static [&'static str] = &["agent"];

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let heart = Heart::new(context, settings.allow)?;
        Ok(Self {
            service: Arc::new(Service::new(settings, context)?),
            heart,
        })
    }

    fn start(&mut self, _: Deadline) -> Result<()> {
        self.service.start();
        Ok(())
    }

    fn stop(&mut self, deadline: Deadline) {
        self.service.stop(deadline);
    }
}

impl Endpoint for Agent {
    const ROUTES: &'static [Route] = &[
        Route::get("/v0/heartbeat")
            .on(Listener::Api)
            .scope(Scope::Open),
        Route::post("/v0/exec")
            .on(Listener::Api)
            .scope(Scope::Exec)
            .max_body(MOST_BODY),
        Route::get("/v0/exec").on(Listener::Api).scope(Scope::Exec),
        Route::get("/v0/exec/*")
            .on(Listener::Api)
            .scope(Scope::Exec),
        Route::new("DELETE", "/v0/exec/*")
            .on(Listener::Api)
            .scope(Scope::Exec),
    ];

    fn handle(&self, request: Request, body: Body, reply: Reply, deadline: Deadline) -> Result<()> {
        let service = &self.service;
        if request.route() == 0 {
            let beat = self.heart.beat(service.gate.counts());
            return reply.send(200, "application/json", beat.as_bytes(), deadline);
        }
        let caller = |reply| Caller::new(reply, service.headers());
        if request.route() == 1 {
            service.measures.requests.increment();
            if !service.crew.has_room() {
                service.decline(&Decline::Crowded, caller(reply));
                return Ok(());
            }
            // The body may be long in coming, and the command in running: not on the host's time.
            let (service, head) = (Arc::clone(service), Exec::of(&request));
            self.service
                .crew
                .run_always(Box::new(move || service.exec(head, body, reply)));
            return Ok(());
        }
        let id = request.path().rsplit('/').next().unwrap_or_default();
        let (status, answer) = match request.route() {
            2 => (200, service.table.all(request.identity())),
            3 => service
                .table
                .one(id, request.identity())
                .map_or_else(unknown, |run| (200, run)),
            _ => self.cancel(id, request.identity()),
        };
        caller(reply).answer(status, &[], answer.to_string().as_bytes());
        Ok(())
    }
}

impl Agent {
    fn cancel(&self, id: &str, who: &str) -> (u16, Value) {
        let reason = match who {
            "" => "it was cancelled by DELETE".to_owned(),
            who => format!("{who} cancelled it by DELETE"),
        };
        match self.service.table.cancel(id, who, reason) {
            Ending::Begun => (202, json!({ "id": id, "state": "ending" })),
            Ending::HasEnded => (409, problem("this run has ended", "GET shows how")),
            Ending::Unknown => unknown(),
        }
    }
}

fn unknown() -> (u16, Value) {
    (
        404,
        problem(
            "no such run of yours is known",
            "GET /v0/exec lists yours that run and the last that ended",
        ),
    )
}

fn problem(error: &str, remedy: &str) -> Value {
    json!({ "error": error, "remedy": remedy })
}
