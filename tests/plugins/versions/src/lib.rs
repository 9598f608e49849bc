//! A plugin that is replaced while it runs. What it does stands in its version, which the outside
//! tests change in copies of the library: its check `works`, `fails`, `hangs`, `panic`s or `abort`s.

use std::{hint::black_box, thread};

use gaxx_sdk::prelude::*;

/// In each copy of the library another one of this length.
fn version() -> &'static str {
    black_box(env!("CARGO_PKG_VERSION"))
}

struct Count {
    collections: Counter,
    info: Family<Gauge, 1>,
}

impl Component for Count {
    type Settings = NoSettings;
    const INTERVAL: Option<Duration> = Some(Duration::from_hours(1));

    fn new(_: NoSettings, context: &Context) -> Result<Self> {
        Ok(Self {
            collections: context.counter("versions_collections_total", "Collections.")?,
            info: context.gauges("versions_info", "1 for the version.", ["version"])?,
        })
    }
}

impl Collector for Count {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        self.collections.increment();
        self.info.with([version()]).set(1.0);
        Ok(())
    }
}

struct Verdicts {
    /// How many versions there were before this one.
    before: u8,
}

impl Component for Verdicts {
    type Settings = NoSettings;

    fn new(_: NoSettings, context: &Context) -> Result<Self> {
        let left = context.host().inherited();
        let before = left.and_then(|left| left.first().copied());
        let before = before.map_or(0, |before| before.saturating_add(1));
        let generation = context.gauge("versions_generation", "Versions before this one.")?;
        generation.set(before.into());
        Ok(Self { before })
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(vec![self.before])
    }
}

impl HealthCheck for Verdicts {
    fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
        if version().contains("fails") {
            return Err(Error::failed("its version says so"));
        }
        assert!(!version().contains("panic"), "its version says so");
        if version().contains("abort") {
            std::process::abort();
        }
        if version().contains("hangs") {
            thread::sleep(Duration::from_hours(1));
        }
        Ok(Verdict::healthy(version()))
    }
}

struct Answer;

impl Component for Answer {
    type Settings = NoSettings;

    fn new(_: NoSettings, _: &Context) -> Result<Self> {
        Ok(Self)
    }
}

impl Endpoint for Answer {
    const ROUTES: &'static [Route] = &[Route::get("/versions")];

    fn handle(&self, _: Request, _: Body, reply: Reply, deadline: Deadline) -> Result<()> {
        reply.send(200, "text/plain", version().as_bytes(), deadline)
    }
}

gaxx_sdk::plugin! {
    name = "versions";
    description = "A plugin that is replaced.";
    collector "count" => Count;
    check "verdicts" => Verdicts;
    endpoint "answer" => Answer;
}
