//! The endpoint.

use gaxx_sdk::prelude::*;

use crate::{Settings, actor::Actor};

/// Answers in a word, unless it is ordered otherwise.
pub(crate) struct Answers(Actor);

impl Component for Answers {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        Actor::make(settings, "endpoint", context).map(Self)
    }
}

impl Endpoint for Answers {
    const ROUTES: &'static [Route] = &[Route::get("/chaos/chaos-000")];

    fn handle(
        &self,
        _request: Request,
        _body: Body,
        mut reply: Reply,
        deadline: Deadline,
    ) -> Result<()> {
        if self.0.act(deadline)? {
            // A header that would be two, and no end of the body.
            reply.head(200, &[("x y", "a\r\nset-cookie: b")])?;
            reply.write(b"half of ", deadline)?;
            return Err(Error::failed("no more of it"));
        }
        reply.send(200, "text/plain", b"calm\n", deadline)
    }
}
