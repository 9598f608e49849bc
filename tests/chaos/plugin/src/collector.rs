//! The collector.

use gaxx_sdk::prelude::*;

use crate::{Settings, actor::Actor, name};

/// Counts its collections, over all versions that took each other's place.
pub(crate) struct Collects {
    actor: Actor,
    collections: Counter,
    lies: Family<Gauge, 2>,
}

impl Component for Collects {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let help = "Collections that came to their end.";
        let counted = context.counters("chaos_collections_total", help, ["plugin"])?;
        let collections = counted.try_with([name()])?;
        let before = context.host().inherited().unwrap_or_default();
        if let Ok(total) = before.try_into() {
            collections.set_total(f64::from_le_bytes(total));
        }
        let lies = context.gauges("chaos_lie", "No number is too odd.", ["plugin", "which"])?;
        let actor = Actor::make(settings, "collector", context)?;
        Ok(Self {
            actor,
            collections,
            lies,
        })
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(self.collections.get().to_le_bytes().into())
    }
}

impl Collector for Collects {
    fn collect(&mut self, deadline: Deadline) -> Result<()> {
        if self.actor.act(deadline)? {
            self.lie();
        }
        self.collections.increment();
        Ok(())
    }
}

impl Collects {
    fn lie(&self) {
        for (which, value) in [
            ("nan", f64::NAN),
            ("infinity", f64::INFINITY),
            ("huge", f64::MAX),
            ("tiny", 5e-324),
            ("quote \" backslash \\ line\nfeed <b>", 1.0),
        ] {
            self.lies.with([name(), which]).set(value);
        }
        let long = "long".repeat(1_000_000);
        self.lies.with([name(), &long]).set(1.0);
    }
}
