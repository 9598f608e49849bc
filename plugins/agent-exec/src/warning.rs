//! The health check that tells of `allow: any`.

use gaxx_sdk::prelude::*;

use crate::settings::Allow;

/// The part of the settings that it looks at.
#[settings]
pub(crate) struct Settings {
    /// What may run: `nothing`, what the `rules` say, or `any` program.
    #[default(Allow::Nothing)]
    allow: Allow,
}

/// Says what the policy lets run. With `allow: any` the node is degraded, steadily: it does what it
/// should, and somebody should know.
pub(crate) struct PolicyCheck(Settings);

impl Component for PolicyCheck {
    type Settings = Settings;
    const ROLES: &'static [&'static str] = &["agent"];

    fn new(settings: Settings, _: &Context) -> Result<Self> {
        Ok(Self(settings))
    }
}

impl HealthCheck for PolicyCheck {
    fn check(&mut self, _: Deadline) -> Result<Verdict> {
        Ok(match self.0.allow {
            Allow::Nothing => Verdict::healthy("no command may run"),
            Allow::Rules => Verdict::healthy("commands may run that a rule allows"),
            Allow::Any => Verdict::degraded(crate::WARNING),
        })
    }
}
