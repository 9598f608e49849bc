//! The values of a table, by slot.

/// Slots of one page: as many as a mask has bits.
const PAGE: u32 = u64::BITS;

/// Values by slot, in pages. A page whose slots are all retired is freed, so that slots need not
/// be used again: a handle kept too long then hits nothing, never somebody else's series.
#[derive(Debug, Default)]
pub(super) struct Slots {
    pages: Vec<Option<Box<Page>>>,
    next: u32,
}

#[derive(Debug)]
struct Page {
    values: [f64; PAGE as usize],
    /// Slots that were delivered last time.
    present: u64,
    /// Slots that are registered.
    live: u64,
    /// Slots that only grow.
    counters: u64,
}

/// What became of a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Yes,
    /// Stored; a counter began again.
    Reset,
    /// The slot is unknown or retired, or the value is none that a counter can have.
    No,
}

impl Slots {
    /// How many slots were ever used.
    pub(super) fn used(&self) -> u32 {
        self.next
    }

    /// Takes `count` slots in a row; answers the first. The caller keeps `used() + count` within
    /// `u32`.
    pub(super) fn allocate(&mut self, count: u32, counter: bool) -> u32 {
        let first = self.next;
        self.next += count;
        let pages = self.next.div_ceil(PAGE) as usize;
        if self.pages.len() < pages {
            self.pages.resize_with(pages, || None);
        }
        for slot in first..self.next {
            let page = self.pages[(slot / PAGE) as usize].get_or_insert_with(|| {
                Box::new(Page {
                    values: [0.0; PAGE as usize],
                    present: 0,
                    live: 0,
                    counters: 0,
                })
            });
            page.live |= bit(slot);
            page.counters |= if counter { bit(slot) } else { 0 };
        }
        first
    }

    /// Retires slots. One page behind the last stays, since new slots go there.
    pub(super) fn retire(&mut self, first: u32, count: u32) {
        for slot in first..first + count {
            let last = slot / PAGE == self.next / PAGE;
            let Some(place) = self.pages.get_mut((slot / PAGE) as usize) else {
                continue;
            };
            if let Some(page) = place {
                page.live &= !bit(slot);
                page.present &= !bit(slot);
                page.counters &= !bit(slot);
                if page.live == 0 && !last {
                    *place = None;
                }
            }
        }
    }

    /// Makes all slots absent.
    pub(super) fn clear(&mut self) {
        for page in self.pages.iter_mut().flatten() {
            page.present = 0;
        }
    }

    /// Makes some slots absent; answers how many had a value.
    pub(super) fn clear_range(&mut self, first: u32, count: u32) -> u64 {
        let mut cleared = 0;
        for slot in first..first + count {
            if let Some(page) = self.page_mut(slot) {
                cleared += u64::from(page.present & bit(slot) != 0);
                page.present &= !bit(slot);
            }
        }
        cleared
    }

    #[inline]
    pub(super) fn set(&mut self, slot: u32, value: f64) -> Stored {
        let Some(page) = self.page_mut(slot) else {
            return Stored::No;
        };
        let bit = bit(slot);
        if page.live & bit == 0 {
            return Stored::No;
        }
        let place = &mut page.values[(slot % PAGE) as usize];
        let mut stored = Stored::Yes;
        if page.counters & bit != 0 {
            if !(0.0..f64::INFINITY).contains(&value) {
                return Stored::No;
            }
            if value < *place {
                stored = Stored::Reset;
            }
        }
        // One bit pattern for all NaNs leaves the others free to mean "absent" in a snapshot.
        *place = if value.is_nan() { f64::NAN } else { value };
        page.present |= bit;
        stored
    }

    #[inline]
    pub(super) fn get(&self, slot: u32) -> Option<f64> {
        let page = self.pages.get((slot / PAGE) as usize)?.as_deref()?;
        (page.present & bit(slot) != 0).then(|| page.values[(slot % PAGE) as usize])
    }

    #[inline]
    fn page_mut(&mut self, slot: u32) -> Option<&mut Page> {
        self.pages.get_mut((slot / PAGE) as usize)?.as_deref_mut()
    }
}

#[inline]
const fn bit(slot: u32) -> u64 {
    1 << (slot % PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_not_used_again_and_their_pages_are_freed() {
        let mut slots = Slots::default();
        for round in 0..1_000 {
            let first = slots.allocate(100, false);
            assert_eq!(first, round * 100);
            assert_eq!(slots.set(first + 99, 1.0), Stored::Yes);
            slots.retire(first, 100);
            assert_eq!(slots.set(first + 99, 1.0), Stored::No);
            assert_eq!(slots.get(first + 99), None);
        }
        assert!(slots.pages.iter().flatten().count() <= 2);
    }

    #[test]
    fn a_counter_takes_only_what_a_counter_can_be() {
        let mut slots = Slots::default();
        let slot = slots.allocate(1, true);
        assert_eq!(slots.set(slot, 5.0), Stored::Yes);
        assert_eq!(slots.set(slot, 5.0), Stored::Yes);
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(slots.set(slot, bad), Stored::No);
        }
        assert_eq!(slots.set(slot, 4.0), Stored::Reset);
        slots.clear();
        assert_eq!(slots.get(slot), None);
        assert_eq!(
            slots.set(slot, 3.0),
            Stored::Reset,
            "remembers across a gap"
        );
    }

    #[test]
    fn unknown_slots_are_no_trouble() {
        let mut slots = Slots::default();
        assert_eq!(slots.set(u32::MAX, 1.0), Stored::No);
        assert_eq!(slots.get(u32::MAX), None);
        slots.retire(7, 1);
    }
}
