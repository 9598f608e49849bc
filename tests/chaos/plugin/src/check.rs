//! The health check.

use gaxx_sdk::prelude::*;

use crate::{Settings, actor::Actor, deeds::awful_text};

/// Healthy, unless it is ordered otherwise.
pub(crate) struct Checks(Actor);

impl Component for Checks {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        Actor::make(settings, "check", context).map(Self)
    }
}

impl HealthCheck for Checks {
    fn check(&mut self, deadline: Deadline) -> Result<Verdict> {
        if self.0.act(deadline)? {
            let awful = awful_text();
            return Ok(Verdict::unhealthy(&awful).detail(&awful, &awful));
        }
        Ok(Verdict::healthy("Nothing to complain of."))
    }
}
