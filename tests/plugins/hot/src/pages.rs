//! What is done on request.

use std::hint::black_box;

use gaxx_sdk::prelude::*;

use crate::{burn, leak};

const MILLION: u64 = 1_000_000;
/// Bytes of a mebibyte.
const MEBIBYTE: usize = 1 << 20;

/// `POST /hot/burn/MILLISECONDS`, `/hot/rounds/MILLIONS`, `/hot/leak/MEBIBYTES` and `/hot/forget/0`.
pub(crate) struct Pages;

impl Component for Pages {
    type Settings = NoSettings;

    fn new(_: NoSettings, _: &Context) -> Result<Self> {
        Ok(Self)
    }
}

impl Endpoint for Pages {
    const ROUTES: &'static [Route] = &[
        Route::post("/hot/burn/*"),
        Route::post("/hot/rounds/*"),
        Route::post("/hot/leak/*"),
        Route::post("/hot/forget/*"),
    ];

    fn handle(&self, request: Request, _: Body, reply: Reply, deadline: Deadline) -> Result<()> {
        let number = request.path().rsplit('/').next().unwrap_or_default();
        let number: u32 = number.parse().explain(|| "a number follows".to_owned())?;
        match request.route() {
            0 => {
                burn::burn(Duration::from_millis(number.into()));
            }
            1 => {
                black_box(burn::burn_cycles(black_box(u64::from(number) * MILLION)));
            }
            2 => {
                leak::leak_pages(number as usize * MEBIBYTE);
            }
            _ => leak::forget(),
        }
        reply.send(200, "text/plain", b"done\n", deadline)
    }
}
