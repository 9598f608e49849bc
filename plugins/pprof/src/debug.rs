//! The pages below `/debug`.

use gaxx_sdk::prelude::*;

/// The pages below `/debug`.
pub(crate) struct Debug;

impl Component for Debug {
    type Settings = NoSettings;

    fn new(_: NoSettings, _context: &Context) -> Result<Self> {
        Ok(Self)
    }
}

impl Endpoint for Debug {
    const ROUTES: &'static [Route] = &[Route::get("/debug/pprof/")
        .on(Listener::Profiling)
        .scope(Scope::Profile)];

    fn handle(&self, _: Request, _: Body, reply: Reply, deadline: Deadline) -> Result<()> {
        reply.send(200, "text/plain", b"", deadline)
    }
}
