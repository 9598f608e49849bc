//! What the allocator says of itself.

use serde::Serialize;
use tikv_jemalloc_ctl::{arenas, epoch, stats};

use super::control::{self, ALL_ARENAS, Numbered};

/// What the allocator says of itself, in bytes where it is not a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Allocated and not freed.
    pub allocated: usize,
    /// In pages that hold something allocated.
    pub active: usize,
    /// The allocator's own data, that of its profile included.
    pub metadata: usize,
    /// In memory, the allocator's own data included.
    pub resident: usize,
    /// Mapped from the system.
    pub mapped: usize,
    /// Mapped and given back, so that it costs only address space.
    pub retained: usize,
    /// How many pieces are allocated and not freed; those that threads have freed and keep for
    /// themselves are among them.
    pub objects: Option<u64>,
    /// All that was ever allocated, freed or not. A thread's share is added now and then, so this
    /// is a little late.
    pub allocated_total: Option<u64>,
    /// How many parts the heap has that work on their own.
    pub arenas: u32,
    /// How often unused pages were given back.
    #[serde(skip)]
    pub purges: u64,
}

/// The figures of this moment; nothing where the allocator does not answer.
pub fn figures() -> Option<Figures> {
    // The figures are those of the last epoch.
    epoch::advance().ok()?;
    Some(Figures {
        allocated: stats::allocated::read().ok()?,
        active: stats::active::read().ok()?,
        metadata: stats::metadata::read().ok()?,
        resident: stats::resident::read().ok()?,
        mapped: stats::mapped::read().ok()?,
        retained: stats::retained::read().ok()?,
        objects: objects(),
        allocated_total: allocated_total(),
        arenas: arenas::narenas::read().ok()?,
        purges: of_all("dirty_npurge")? + of_all("muzzy_npurge")?,
    })
}

fn of_all(what: &str) -> Option<u64> {
    let name = format!("stats.arenas.{ALL_ARENAS}.{what}");
    control::read(&std::ffi::CString::new(name).ok()?)
}

fn objects() -> Option<u64> {
    let made = of_all("small.nmalloc")? + of_all("large.nmalloc")?;
    let freed = of_all("small.ndalloc")? + of_all("large.ndalloc")?;
    made.checked_sub(freed)
}

/// Of each size that jemalloc gives, how often it was asked for.
fn allocated_total() -> Option<u64> {
    let small = {
        let size = Numbered::<4>::new(c"arenas.bin.0.size", 2)?;
        let asked = Numbered::<6>::new(c"stats.arenas.4096.bins.0.nrequests", 4)?;
        bytes(control::read(c"arenas.nbins")?, size, asked)?
    };
    let large = {
        let size = Numbered::<4>::new(c"arenas.lextent.0.size", 2)?;
        let asked = Numbered::<6>::new(c"stats.arenas.4096.lextents.0.nrequests", 4)?;
        bytes(control::read(c"arenas.nlextents")?, size, asked)?
    };
    small.checked_add(large)
}

fn bytes(sizes: u32, mut size: Numbered<4>, mut asked: Numbered<6>) -> Option<u64> {
    (0..usize::try_from(sizes).ok()?).try_fold(0_u64, |sum, number| {
        let times: u64 = asked.read(number)?;
        if times == 0 {
            return Some(sum);
        }
        let size: usize = size.read(number)?;
        sum.checked_add(times.checked_mul(u64::try_from(size).ok()?)?)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::hint::black_box;

    use super::*;

    #[test]
    fn what_is_held_counts_and_what_was_freed_counts_in_the_total() {
        // Other tests allocate and free meanwhile, but far less than this. Most is never touched.
        const SIZE: usize = 1 << 30;
        const PIECES: usize = 100_000;
        let before = figures().unwrap();
        let held: Vec<u8> = Vec::with_capacity(SIZE);
        let pieces: Vec<Box<u64>> = (0..PIECES as u64).map(Box::new).collect();
        let during = figures().unwrap();
        drop(black_box((held, pieces)));
        let after = figures().unwrap();

        assert!(during.allocated.saturating_sub(before.allocated) > SIZE / 2);
        assert!(after.allocated < during.allocated - SIZE / 2);
        let grown = during
            .objects
            .unwrap()
            .saturating_sub(before.objects.unwrap());
        assert!(grown > PIECES as u64 / 2, "{before:?} {during:?}");
        let total = |figures: Figures| figures.allocated_total.unwrap();
        assert!(
            total(during) - total(before) >= SIZE as u64,
            "{before:?} {during:?}"
        );
        assert!(total(after) >= total(during));
        assert!(during.metadata > 0 && during.arenas > 0);
    }
}
