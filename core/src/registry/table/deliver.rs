//! Taking values.

use std::time::SystemTime;

use gaxx_abi::Point;

use super::Table;
use crate::registry::slots::{Slots, Stored};

impl Table {
    /// Takes the complete new state, as of `at`: slots that are not named have no value now.
    ///
    /// What cannot be taken is ignored and counted, see [`TableStatus::ignored`]. The counts of
    /// a histogram are made whole, non-negative and ascending; a histogram of which a slot is
    /// missing or not finite is absent. A counter that went down began again: so does its time.
    pub fn deliver(&self, points: &[Point], at: SystemTime) {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let mut reset = Vec::new();
        state.slots.clear();
        for point in points {
            match state.slots.set(point.slot, point.value) {
                Stored::Yes => {}
                Stored::Reset => reset.push(point.slot),
                Stored::No => state.ignored += 1,
            }
        }
        for (&slot, histogram) in &mut state.histograms {
            match settle(&mut state.slots, slot, histogram.bounds) {
                Ok(count) => {
                    if count < histogram.count {
                        reset.push(slot);
                    }
                    histogram.count = count;
                }
                Err(ignored) => state.ignored += ignored,
            }
        }
        state.delivered = Some(at);
        state.late = false;
        for slot in &reset {
            if let Some(series) = state.series.get_mut(slot) {
                series.started = at;
            }
        }
        if !reset.is_empty() {
            self.changed(state);
        }
    }

    /// Drops all values: they are too old to be shown.
    pub fn expire(&self) {
        self.state.lock().slots.clear();
    }

    /// Marks the values as older than they should be, until the next delivery.
    pub fn mark_late(&self) {
        self.state.lock().late = true;
    }
}

/// Makes a histogram's counts whole, non-negative and ascending; answers the count of all. Makes
/// it absent where a slot is missing or not finite, and answers how many points were lost.
fn settle(slots: &mut Slots, first: u32, bounds: u32) -> Result<f64, u64> {
    let sum = first + bounds + 1;
    let finite = |slot| slots.get(slot).is_some_and(f64::is_finite);
    if !(first..=sum).all(finite) {
        return Err(slots.clear_range(first, bounds + 2));
    }
    let mut count = 0.0_f64;
    for slot in first..sum {
        let Some(given) = slots.get(slot) else {
            break;
        };
        count = count.max(given.floor());
        if count.to_bits() != given.to_bits() {
            slots.set(slot, count);
        }
    }
    Ok(count)
}
