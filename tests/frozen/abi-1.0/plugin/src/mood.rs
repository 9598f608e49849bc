//! A health check that shows its settings.

use gaxx_abi::{
    Attribute, Fault, Point, Verdict,
    abi_std::{RNone, ROk, ROption, RResult, RStr, RString, RVec},
    component::{HealthCheck, status},
};

pub(crate) struct Mood {
    settings: RString,
}

impl Mood {
    pub(crate) fn new(settings: RStr<'_>) -> Self {
        Self {
            settings: settings.into(),
        }
    }
}

impl HealthCheck for Mood {
    fn start(&mut self, _deadline: u64) -> RResult<(), Fault> {
        ROk(())
    }

    fn check(&mut self, _deadline: u64) -> RResult<Verdict, Fault> {
        let settings = Attribute {
            name: "settings".into(),
            value: self.settings.clone(),
        };
        ROk(Verdict {
            status: status::DEGRADED,
            message: "feels old".into(),
            details: vec![settings].into(),
        })
    }

    fn points(&self, _points: &mut RVec<Point>) {}

    fn save(&mut self, _deadline: u64) -> ROption<RVec<u8>> {
        RNone
    }

    fn stop(&mut self, _deadline: u64) {}
}
