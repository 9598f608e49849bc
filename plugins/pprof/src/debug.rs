//! The endpoint: finds the page of a path, and gives those a thread that take longer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use gaxx_sdk::prelude::*;

use crate::{
    answer::Answer,
    measures::Measures,
    pages::{self, Desk, Page, Visit},
    places::{Place, Places},
    query::Query,
    refusal::{Outcome, Refusal},
    settings::Settings,
    symbols::Symbols,
};

/// The largest body: addresses to be named.
const MOST_BODY: u64 = 256 << 10;
/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(10);
/// Bytes of a thread's stack. Nothing here goes deep.
const STACK: usize = 512 << 10;

/// The pages below `/debug`.
pub(crate) struct Debug {
    desk: Arc<Desk>,
    places: Arc<Places>,
}

impl Component for Debug {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        settings.check()?;
        let host = context.host().clone();
        Ok(Self {
            places: Places::new(settings.requests),
            desk: Arc::new(Desk {
                symbols: Symbols::new(host.clone()),
                measures: Measures::new(context)?,
                host,
                settings,
            }),
        })
    }

    fn stop(&mut self, deadline: Deadline) {
        // They look often whether that is so.
        if !self.places.wait_idle(deadline.instant()) {
            warn!("some profiles have not come to their end");
        }
    }
}

impl Endpoint for Debug {
    const ROUTES: &'static [Route] = &[
        on_profiling(Route::get("/debug/pprof")),
        on_profiling(Route::get("/debug/pprof/*")),
        on_profiling(Route::get("/debug/stats")),
        on_profiling(Route::post("/debug/gc")),
        on_profiling(Route::get("/debug/build")),
        on_profiling(Route::post("/debug/pprof/symbol")).max_body(MOST_BODY),
    ];

    fn handle(&self, request: Request, body: Body, reply: Reply, _: Deadline) -> Result<()> {
        let asked = Asked {
            desk: Arc::clone(&self.desk),
            request,
            reply,
        };
        let page = match asked.page() {
            Ok(Found::Page(page)) => page,
            Ok(Found::Part(part)) => return asked.send(pages::NO_PAGE, Ok(part)),
            Err(refusal) => return asked.send(pages::NO_PAGE, Err(refusal)),
        };
        if !page.is_long {
            return asked.serve(page, body);
        }
        if asked.is_head() {
            // What would be answered is not made for nobody.
            return asked.send(page.name, Ok(Answer::new(page.content_type, "")));
        }
        match self.places.enter() {
            Some(place) => asked.serve_later(page, body, place),
            None => asked.send(page.name, Err(Refusal::Crowded)),
        }
    }
}

const fn on_profiling(route: Route) -> Route {
    route.scope(Scope::Profile).on(Listener::Profiling)
}

#[cfg(test)]
impl Debug {
    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// A place for a request that takes longer.
    pub(crate) fn place(&self) -> Option<Place> {
        self.places.enter()
    }
}

/// What is at a path.
enum Found {
    Page(&'static Page),
    Part(Answer),
}

/// A request on its way to its answer.
struct Asked {
    desk: Arc<Desk>,
    request: Request,
    reply: Reply,
}

impl Asked {
    fn page(&self) -> Result<Found, Refusal> {
        let path = self.request.path();
        let unknown = || Refusal::NoSuchPage(path.to_owned());
        Ok(Found::Page(match self.request.route() {
            2 => &pages::STATS,
            3 => &pages::GC,
            4 => &pages::BUILD,
            5 => &pages::SYMBOL,
            _ => match path.strip_prefix(pages::FOLDER) {
                None | Some("") => &pages::INDEX,
                Some(name) => match (pages::profile(name), pages::part_at(path)) {
                    (Some(page), _) => page,
                    (None, Some(part)) => return Ok(Found::Part(part)),
                    (None, None) => return Err(unknown()),
                },
            },
        }))
    }

    fn serve_later(self, page: &'static Page, body: Body, place: Place) -> Result<()> {
        let work = move || {
            let _place = place;
            // A panic drops the reply, which the caller is told as an error.
            let served = catch_unwind(AssertUnwindSafe(|| self.serve(page, body)));
            match served {
                // Who has gone needs no answer.
                Ok(_) => {}
                Err(_) => error!("{} was given up: its thread panicked", page.name),
            }
        };
        let thread = thread::Builder::new()
            .name("pprof".into())
            .stack_size(STACK);
        thread.spawn(work)?;
        Ok(())
    }

    fn serve(self, page: &'static Page, body: Body) -> Result<()> {
        let answer = self.make(page, body);
        self.send(page.name, answer)
    }

    fn make(&self, page: &'static Page, mut body: Body) -> Result<Answer, Refusal> {
        // The addresses of a symbol page stand there without names.
        let query = match page.name {
            "symbol" => "",
            _ => self.request.query(),
        };
        let query = Query::parse(query, page.parameters)?;
        let body = match self.request.method() {
            "POST" => {
                let most = usize::try_from(MOST_BODY).unwrap_or(usize::MAX);
                let read = body.read_all(most, Deadline::after(BODY_TIME));
                read.map_err(|error| Refusal::parameter(error.message(), "send less, or faster"))?
            }
            _ => Vec::new(),
        };
        (page.serve)(&Visit {
            desk: &self.desk,
            page: page.name,
            request: &self.request,
            query,
            body,
            has_gone: &|| self.reply.is_cancelled(),
        })
    }

    fn send(self, page: &str, answer: Result<Answer, Refusal>) -> Result<()> {
        let outcome = answer
            .as_ref()
            .map_or_else(Refusal::outcome, |_| Outcome::Served);
        self.desk.measures.answered(page, outcome);
        let answer = match answer {
            Ok(answer) => answer,
            // Dropping the reply ends it.
            Err(Refusal::Gone) => return Ok(()),
            Err(refusal) => {
                let user_agent = self.request.header("user-agent").unwrap_or_default();
                Answer::refusal(&refusal, user_agent)
            }
        };
        let is_head = self.is_head();
        answer.send(self.reply, is_head)
    }

    fn is_head(&self) -> bool {
        self.request.method() == "HEAD"
    }
}
