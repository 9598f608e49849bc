//! The allocator: jemalloc, its figures, and what it does when asked.
#![allow(
    // jemalloc reads its options from a symbol of that name.
    unsafe_code
)]

mod control;
mod figures;
mod purge;

pub(crate) use control::{dump, observe, sample_interval, unsampled};
pub use figures::{Figures, figures};
pub use purge::{Purge, Purges, purge, purges};

// It tells its figures, gives memory back when asked, and knows who allocated what.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What jemalloc reads at its start: two arenas for a program whose threads mostly wait, small
/// caches of threads, and unused memory given back after a second. Of each 512 KiB that are
/// allocated (2 to the power of 19, as in Go) one allocation is remembered with its stack, on
/// average.
const OPTIONS: &[u8] = b"narenas:2,tcache_max:4096,dirty_decay_ms:1000,muzzy_decay_ms:1000,\
    prof:true,prof_active:true,lg_prof_sample:19\0";

// SAFETY: jemalloc takes this symbol for a pointer to text that ends in a zero, and it is one.
#[unsafe(export_name = "malloc_conf")]
static MALLOC_CONF: &[u8; OPTIONS.len()] = OPTIONS.first_chunk().expect("as long as itself");

/// Its name and version.
pub fn version() -> String {
    let version = tikv_jemalloc_ctl::version::read().unwrap_or("");
    // The rest is that of a commit.
    let version = version
        .split_once('-')
        .map_or(version, |(number, _)| number);
    format!("jemalloc {version}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_read_and_the_version_is_told() {
        assert_eq!(sample_interval(), Some(512 << 10));
        assert_eq!(control::read(c"opt.narenas"), Some(2_u32));
        assert!(version().starts_with("jemalloc 5."), "{}", version());
    }
}
