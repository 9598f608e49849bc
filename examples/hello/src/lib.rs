//! Three ways to answer a request: at once, piece by piece, and later from another thread.

use std::thread;

use gaxx_sdk::prelude::*;

struct Hello;

impl Component for Hello {
    type Settings = NoSettings;

    fn new(_: NoSettings, _: &Context) -> Result<Self> {
        Ok(Self)
    }
}

impl Endpoint for Hello {
    const ROUTES: &'static [Route] = &[
        Route::get("/hello"),
        Route::post("/echo").max_body(1 << 30),
        Route::get("/later"),
    ];

    fn handle(&self, request: Request, body: Body, reply: Reply, deadline: Deadline) -> Result<()> {
        // The number of the route, as they stand above.
        match request.route() {
            0 => reply.send(200, "text/plain; charset=utf-8", b"Hello!\n", deadline),
            1 => echo(body, reply, deadline),
            _ => later(reply),
        }
    }
}

/// Sends the body back while it still arrives: no more than a piece of it is in memory.
fn echo(mut body: Body, mut reply: Reply, deadline: Deadline) -> Result<()> {
    reply.head(200, &[("content-type", "application/octet-stream")])?;
    while let Some(piece) = body.read(deadline)? {
        reply.write(&piece, deadline)?;
    }
    reply.finish()
}

/// Returns at once; a thread completes the answer.
fn later(reply: Reply) -> Result<()> {
    let answer = move || {
        thread::sleep(Duration::from_millis(200));
        let deadline = Deadline::after(Duration::from_secs(5));
        if let Err(error) = reply.send(200, "text/plain; charset=utf-8", b"At last!\n", deadline) {
            debug!("nobody waited: {error}");
        }
    };
    thread::Builder::new()
        .name("hello-later".into())
        .spawn(answer)?;
    Ok(())
}

gaxx_sdk::plugin! {
    name = "hello";
    description = "Three ways to answer a request.";
    endpoint "hello" => Hello;
}

#[cfg(test)]
mod tests;
