//! A collector in a child.

use std::sync::Arc;

use gaxx_abi::{
    Fault, Point,
    abi_std::{ROption, RResult, RVec},
    component::Collector,
};

use super::{line::Limit, seat::Seat};
use crate::isolation::wire::message::Ask;

/// A collector in a child.
pub(super) struct RemoteCollector(pub(super) Arc<Seat>);

impl Collector for RemoteCollector {
    fn start(&mut self, deadline: u64) -> RResult<(), Fault> {
        self.0.start(deadline).into()
    }

    fn collect(&mut self, deadline: u64, points: &mut RVec<Point>) -> RResult<(), Fault> {
        let limit = Limit::of(deadline);
        self.0
            .measure(limit, |told, _| Ask::Collect(told), points)
            .into()
    }

    fn save(&mut self, deadline: u64) -> ROption<RVec<u8>> {
        self.0.save(deadline).map(Into::into).into()
    }

    fn stop(&mut self, deadline: u64) {
        self.0.stop(deadline);
    }
}
