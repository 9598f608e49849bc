//! Health checks.

use gaxx_sdk::{component, prelude::*};

use crate::{awful_text, hang, told};

/// Defines a check that is healthy unless it is told otherwise.
macro_rules! check {
    ($type:ident, $name:literal, $misbehave:expr) => {
        struct $type;

        impl Component for $type {
            type Settings = NoSettings;
            const INTERVAL: Option<Duration> = Some(Duration::from_secs(1));

            fn new(_settings: NoSettings, _context: &Context) -> Result<Self> {
                Ok(Self)
            }
        }

        impl HealthCheck for $type {
            fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
                if told($name) {
                    let misbehave: fn() -> Result<Verdict> = $misbehave;
                    return misbehave();
                }
                Ok(Verdict::healthy("Nothing to complain of."))
            }
        }

        component!(check $name => $type);
    };
}

check!(Panics, "check-panics", || panic!("told to panic"));
check!(Hangs, "check-hangs", || hang());
check!(Aborts, "check-aborts", || std::process::abort());
check!(Errors, "check-errors", || Err(Error::failed(
    "told to fail"
)));
check!(Raves, "check-raves", || Ok(
    Verdict::unhealthy(awful_text()).detail(awful_text(), awful_text())
));
