//! Endpoints. Unlike the other components these always do what their path says.

use std::{mem, process, thread};

use gaxx_sdk::{component, prelude::*};

use crate::{hang, sabotage};

struct Pages;

impl Component for Pages {
    type Settings = NoSettings;

    fn new(_settings: NoSettings, _context: &Context) -> Result<Self> {
        Ok(Self)
    }
}

impl Endpoint for Pages {
    const ROUTES: &'static [Route] = &[
        Route::get("/rogue/*"),
        Route::post("/rogue/*"),
        Route::get("/debug/rogue")
            .on(Listener::Profiling)
            .scope(Scope::Profile),
    ];

    fn handle(
        &self,
        request: Request,
        _body: Body,
        mut reply: Reply,
        deadline: Deadline,
    ) -> Result<()> {
        match request.path() {
            "/rogue/calm" | "/debug/rogue" => reply.send(200, "text/plain", b"calm\n", deadline),
            "/rogue/panics" => panic!("told to panic"),
            "/rogue/errors" => Err(Error::failed("told to fail")),
            "/rogue/hangs" => hang(),
            "/rogue/forgets" => Ok(()),
            "/rogue/keeps" => {
                // Never completed and never dropped.
                mem::forget(reply);
                Ok(())
            }
            "/rogue/breaks-off" => {
                reply.head(200, &[("content-type", "text/plain")])?;
                reply.write(b"half of ", deadline)
            }
            "/rogue/aborts" => process::abort(),
            "/rogue/aborts-midway" => {
                reply.head(200, &[])?;
                reply.write(b"half of ", deadline)?;
                process::abort()
            }
            "/rogue/garbles" => {
                sabotage::garble_sockets();
                reply.send(200, "text/plain", b"garbled\n", deadline)
            }
            "/rogue/trickles" => trickle(reply),
            "/rogue/bad-status" => reply.head(7, &[]),
            "/rogue/bad-header" => reply.head(200, &[("x y", "a\r\nset-cookie: b")]),
            "/rogue/two-heads" => {
                reply.head(200, &[])?;
                reply.head(500, &[])
            }
            "/rogue/endless" => {
                reply.head(200, &[])?;
                let piece = vec![b'x'; 65536];
                while !reply.is_cancelled() {
                    reply.write(&piece, deadline)?;
                }
                Ok(())
            }
            _ => reply.send(404, "text/plain", b"no such misbehaviour\n", deadline),
        }
    }
}

/// Returns at once; a thread writes on until the caller goes.
fn trickle(mut reply: Reply) -> Result<()> {
    reply.head(200, &[("content-type", "text/plain")])?;
    thread::spawn(move || {
        while !reply.is_cancelled() {
            let deadline = Deadline::after(Duration::from_secs(5));
            if reply.write(b"drop\n", deadline).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    Ok(())
}

component!(endpoint "pages" => Pages);
