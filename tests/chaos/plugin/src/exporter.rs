//! The exporter.

use gaxx_sdk::prelude::*;

use crate::{Settings, actor::Actor, deeds::awful_text};

/// Takes every batch, unless it is ordered otherwise.
pub(crate) struct Exports(Actor);

impl Component for Exports {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        Actor::make(settings, "exporter", context).map(Self)
    }
}

impl Exporter for Exports {
    fn export(&mut self, _batch: &Batch<'_>, deadline: Deadline) -> Result<()> {
        if self.0.act(deadline)? {
            return Err(Error::permanent(awful_text()));
        }
        Ok(())
    }
}
