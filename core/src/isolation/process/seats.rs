//! The components of a child, by number.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;

use crate::isolation::proxy::Seat;

/// The components of a child. A number is not used again.
#[derive(Default)]
pub(in crate::isolation) struct Seats(Mutex<Numbered>);

#[derive(Default)]
struct Numbered {
    last: u32,
    /// In the order in which they were made first, and are made again.
    seats: BTreeMap<u32, Weak<Seat>>,
}

impl Seats {
    /// Adds a component, which is given its number.
    pub(in crate::isolation) fn add(&self, seat: impl FnOnce(u32) -> Seat) -> Arc<Seat> {
        let mut all = self.0.lock();
        all.last += 1;
        let seat = Arc::new(seat(all.last));
        all.seats.insert(seat.number(), Arc::downgrade(&seat));
        seat
    }

    /// Forgets a component.
    pub(in crate::isolation) fn remove(&self, number: u32) {
        self.0.lock().seats.remove(&number);
    }

    /// The component of this number.
    pub(super) fn get(&self, number: u32) -> Option<Arc<Seat>> {
        self.0.lock().seats.get(&number)?.upgrade()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Arc<Seat>> {
        self.0
            .lock()
            .seats
            .values()
            .filter_map(Weak::upgrade)
            .collect()
    }
}
