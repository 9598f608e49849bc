//! The allocator: jemalloc's own figures.
#![allow(
    // jemalloc is asked by name through `mallctl`, which is a C function.
    unsafe_code
)]

use serde::Serialize;
use tikv_jemalloc_ctl::{epoch, raw, stats};

// It tells its figures, and gives memory back when asked.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What jemalloc reads at its start: two arenas for a program whose threads mostly wait, small
/// caches of threads, and unused memory given back after a second.
const OPTIONS: &[u8; 66] = b"narenas:2,tcache_max:4096,dirty_decay_ms:1000,muzzy_decay_ms:1000\0";

// SAFETY: jemalloc takes this symbol for a pointer to text that ends in a zero, and it is one.
#[unsafe(export_name = "_rjem_malloc_conf")]
static MALLOC_CONF: &[u8; 66] = OPTIONS;

/// Stands for all arenas together in jemalloc's names.
const ALL_ARENAS: usize = 4096;

/// What the allocator says of itself, in bytes where it is not a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Allocated and not freed.
    pub allocated: usize,
    /// In pages that hold something allocated.
    pub active: usize,
    /// In memory, the allocator's own data included.
    pub resident: usize,
    /// Mapped from the system.
    pub mapped: usize,
    /// Mapped and given back, so that it costs only address space.
    pub retained: usize,
    /// How often unused pages were given back.
    pub purges: u64,
}

/// The figures of this moment; nothing where the allocator does not answer.
pub fn figures() -> Option<Figures> {
    // The figures are those of the last epoch.
    epoch::advance().ok()?;
    Some(Figures {
        allocated: stats::allocated::read().ok()?,
        active: stats::active::read().ok()?,
        resident: stats::resident::read().ok()?,
        mapped: stats::mapped::read().ok()?,
        retained: stats::retained::read().ok()?,
        purges: purges("dirty")? + purges("muzzy")?,
    })
}

/// Gives all unused pages back to the system; answers how many bytes that was.
pub fn purge() -> Option<usize> {
    let before = figures()?.resident;
    let name = format!("arena.{ALL_ARENAS}.purge\0");
    // SAFETY: the name ends in a zero, and this command reads and writes no value.
    let status = unsafe {
        tikv_jemalloc_sys::mallctl(
            name.as_ptr().cast(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            0,
        )
    };
    (status == 0).then_some(())?;
    Some(before.saturating_sub(figures()?.resident))
}

fn purges(pages: &str) -> Option<u64> {
    let name = format!("stats.arenas.{ALL_ARENAS}.{pages}_npurge\0");
    // SAFETY: the name ends in a zero, and jemalloc documents this value as a uint64_t.
    unsafe { raw::read::<u64>(name.as_bytes()) }.ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn figures_follow_allocation_and_purges_are_counted() {
        // Other tests allocate and free meanwhile, but far less than this. It is never touched.
        const SIZE: usize = 1 << 30;
        let before = figures().unwrap();
        let held: Vec<u8> = Vec::with_capacity(SIZE);
        let during = figures().unwrap();
        let grown = during.allocated.saturating_sub(before.allocated);
        assert!(grown > SIZE / 2, "{before:?} {during:?}");
        drop(std::hint::black_box(held));
        purge().unwrap();
        let after = figures().unwrap();
        assert!(after.allocated < during.allocated, "{during:?} {after:?}");
        assert!(after.purges > during.purges, "{during:?} {after:?}");
    }
}
