//! Health checks.

use gaxx_abi::{
    Attribute, Fault, Point, Verdict as AbiVerdict,
    abi_std::{ROption, RResult, RVec},
    component::HealthCheck as Abi,
};

use super::{bridge::Bridge, guard::guard};
use crate::{Deadline, HealthCheck, Verdict};

impl<T: HealthCheck> Abi for Bridge<T> {
    fn start(&mut self, deadline: u64) -> RResult<(), Fault> {
        Bridge::start(self, deadline).map_err(Into::into).into()
    }

    fn check(&mut self, deadline: u64) -> RResult<AbiVerdict, Fault> {
        let Self { inner, host, .. } = self;
        let result = guard(host, || inner.check(Deadline::from_nanos(deadline)));
        result.map(to_abi).map_err(Into::into).into()
    }

    fn points(&self, points: &mut RVec<Point>) {
        Bridge::points(self, points);
    }

    fn save(&mut self, _deadline: u64) -> ROption<RVec<u8>> {
        Bridge::save(self).map(Into::into).into()
    }

    fn stop(&mut self, deadline: u64) {
        Bridge::stop(self, deadline);
    }
}

fn to_abi(verdict: Verdict) -> AbiVerdict {
    let detail = |(name, value): (String, String)| Attribute {
        name: name.into(),
        value: value.into(),
    };
    AbiVerdict {
        status: verdict.status.number(),
        message: verdict.message.into(),
        details: verdict.details.into_iter().map(detail).collect(),
    }
}
