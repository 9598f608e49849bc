//! The numbers of a component that has other work than to measure.

use gaxx_abi::{Point, abi_std::RVec};
use parking_lot::Mutex;

use super::{
    line::Limit,
    seat::{BRIEF, Seat},
};
use crate::isolation::wire::message::Ask;

/// The numbers that came with a component's last answer. They are given once: for
/// whoever asks again, or after a fault, the child is asked.
#[derive(Default)]
pub(super) struct OwnPoints(Mutex<Option<RVec<Point>>>);

impl OwnPoints {
    /// Keeps what a process told with an answer.
    pub(super) fn keep(&self, seat: &Seat, process: u64, told: &[Point]) {
        let mut points = RVec::new();
        seat.give(process, told, &mut points);
        *self.0.lock() = Some(points);
    }

    /// What came before is of the past: another call is made.
    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }

    /// Adds them to these. Where the child does not tell there are none.
    pub(super) fn give(&self, seat: &Seat, points: &mut RVec<Point>) {
        if let Some(kept) = self.0.lock().take() {
            points.extend(kept);
            return;
        }
        if let Err(fault) = seat.measure(Limit::new(BRIEF), |_, _| Ask::Points, points) {
            let message = fault.message.as_str();
            tracing::debug!("a component does not tell its own numbers: {message}");
        }
    }
}
