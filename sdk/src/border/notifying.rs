//! Notifiers: exporters that are given changes of health.

use gaxx_abi::{
    Fault, Point,
    abi_std::{ROption, RResult, RStr, RVec},
    component::Exporter as Abi,
};

use super::{bridge::Bridge, guard::guard};
use crate::{Deadline, Error, Notifier};

/// A notifier. Its type tells it from an exporter: the two are one in the ABI.
pub(super) struct Notifying<T>(pub(super) Bridge<T>);

impl<T: Notifier> Abi for Notifying<T> {
    fn start(&mut self, deadline: u64) -> RResult<(), Fault> {
        self.0.start(deadline).map_err(Into::into).into()
    }

    fn export(&mut self, _: gaxx_abi::Batch<'_>, _deadline: u64) -> RResult<(), Fault> {
        RResult::RErr(Error::permanent("it takes changes of health, and no measurements").into())
    }

    fn notify(&mut self, news: RStr<'_>, deadline: u64) -> RResult<(), Fault> {
        let Bridge { inner, host, .. } = &mut self.0;
        guard(host, || {
            let news = serde_json::from_str(&news)?;
            inner.notify(&news, Deadline::from_nanos(deadline))
        })
        .map_err(Into::into)
        .into()
    }

    fn flush(&mut self, deadline: u64) -> RResult<(), Fault> {
        let Bridge { inner, host, .. } = &mut self.0;
        guard(host, || inner.flush(Deadline::from_nanos(deadline)))
            .map_err(Into::into)
            .into()
    }

    fn points(&self, points: &mut RVec<Point>) {
        self.0.points(points);
    }

    fn save(&mut self, _deadline: u64) -> ROption<RVec<u8>> {
        self.0.save().map(Into::into).into()
    }

    fn stop(&mut self, deadline: u64) {
        self.0.stop(deadline);
    }
}
