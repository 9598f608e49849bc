//! Collectors.

use gaxx_abi::{
    Fault, Point,
    abi_std::{ROption, RResult, RVec},
    component::Collector as Abi,
};

use super::{bridge::Bridge, guard::guard};
use crate::{Collector, Deadline};

impl<T: Collector> Abi for Bridge<T> {
    fn start(&mut self, deadline: u64) -> RResult<(), Fault> {
        Bridge::start(self, deadline).map_err(Into::into).into()
    }

    fn collect(&mut self, deadline: u64, points: &mut RVec<Point>) -> RResult<(), Fault> {
        let Self { inner, host, .. } = self;
        let result = guard(host, || inner.collect(Deadline::from_nanos(deadline)));
        if result.is_ok() {
            self.points(points);
        }
        result.map_err(Into::into).into()
    }

    fn save(&mut self, _deadline: u64) -> ROption<RVec<u8>> {
        Bridge::save(self).map(Into::into).into()
    }

    fn stop(&mut self, deadline: u64) {
        Bridge::stop(self, deadline);
    }
}
