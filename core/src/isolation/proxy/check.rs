//! A health check in a child.

use std::sync::Arc;

use gaxx_abi::{
    Fault, Point, Verdict,
    abi_std::{ROption, RResult, RVec},
    component::HealthCheck,
};

use super::{line::Limit, own_points::OwnPoints, seat::Seat};
use crate::isolation::wire::message::{Ask, Told};

/// A health check in a child.
pub(super) struct RemoteCheck {
    seat: Arc<Seat>,
    own: OwnPoints,
}

impl RemoteCheck {
    pub(super) fn new(seat: Arc<Seat>) -> Self {
        let own = OwnPoints::default();
        Self { seat, own }
    }

    fn judged(&self, deadline: u64) -> Result<Verdict, Fault> {
        self.own.forget();
        match self
            .seat
            .call(Limit::of(deadline), |told, _| Ask::Check(told))?
        {
            (process, Told::Verdict(verdict, points)) => {
                self.own.keep(&self.seat, process, &points);
                Ok(verdict)
            }
            _ => Err(self.seat.confused()),
        }
    }
}

impl HealthCheck for RemoteCheck {
    fn start(&mut self, deadline: u64) -> RResult<(), Fault> {
        self.seat.start(deadline).into()
    }

    fn check(&mut self, deadline: u64) -> RResult<Verdict, Fault> {
        self.judged(deadline).into()
    }

    fn points(&self, points: &mut RVec<Point>) {
        self.own.give(&self.seat, points);
    }

    fn save(&mut self, deadline: u64) -> ROption<RVec<u8>> {
        self.seat.save(deadline).map(Into::into).into()
    }

    fn stop(&mut self, deadline: u64) {
        self.seat.stop(deadline);
    }
}
