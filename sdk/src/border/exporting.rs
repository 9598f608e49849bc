//! Exporters.

use gaxx_abi::{
    Fault, Point,
    abi_std::{ROption, RResult, RVec},
    component::Exporter as Abi,
};

use super::{bridge::Bridge, guard::guard};
use crate::{Batch, Deadline, Exporter};

impl<T: Exporter> Abi for Bridge<T> {
    fn start(&mut self, deadline: u64) -> RResult<(), Fault> {
        Bridge::start(self, deadline).map_err(Into::into).into()
    }

    fn export(&mut self, batch: gaxx_abi::Batch<'_>, deadline: u64) -> RResult<(), Fault> {
        let Self { inner, host, .. } = self;
        guard(host, || {
            inner.export(&Batch(batch), Deadline::from_nanos(deadline))
        })
        .map_err(Into::into)
        .into()
    }

    fn flush(&mut self, deadline: u64) -> RResult<(), Fault> {
        let Self { inner, host, .. } = self;
        guard(host, || inner.flush(Deadline::from_nanos(deadline)))
            .map_err(Into::into)
            .into()
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
