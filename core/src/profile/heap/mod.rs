//! What is allocated, by stack, and what has been.
//!
//! ```text
//! the allocator ─▶ dump ─▶ text ─▶ scale     what is live: samples, and what they stand for
//!        └───────▶ total                     all since the start: each sample, as it is taken
//! ```
//!
//! While a profile is made other threads allocate on; those that have to note a sample wait some
//! milliseconds. What making it allocates is in no profile.

mod dump;
mod error;
mod scale;
#[cfg(test)]
mod tests;
mod text;
mod total;

use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use self::{scale::Estimate, text::Sampled, total::Total};
use super::{
    ProfileError,
    raw::{RawProfile, Shape},
};
use crate::process::heap;

pub use error::HeapError;
pub use total::watch;

/// What has been allocated, where that is counted; and what is live.
const VALUES: [(&str, &str); 4] = [
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("inuse_objects", "count"),
    ("inuse_space", "bytes"),
];

const SHAPE: Shape = Shape {
    values: &VALUES,
    default: "inuse_space",
    period_of: ("space", "bytes"),
    period: 0,
    drop_frames: ALLOCATOR,
};

/// Functions by which the allocator is entered, and those of the standard library that lead there:
/// an expression for whole names. pprof leaves out what they call too.
const ALLOCATOR: &str = "_rjem_.*|do_rallocx|malloc|mallocx|calloc|realloc|rallocx|xallocx|\
    aligned_alloc|memalign|posix_memalign|valloc|\
    (__rustc(\\[[0-9a-f]+\\])?::)?__r(ust|g|dl)_(alloc|alloc_zeroed|realloc)|\
    <tikv_jemallocator::Jemalloc as .*|<std::alloc::System as .*|\
    alloc::alloc::(alloc|alloc_zeroed|realloc|exchange_malloc)|\
    <alloc::alloc::Global as .*|alloc::alloc::Global::.*|alloc::raw_vec::.*";

/// The profile of this process's allocator, compressed: what is live, and what was allocated since
/// [`watch`].
pub(super) fn profile() -> Result<Vec<u8>, ProfileError> {
    // The allocator writes one at a time.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    heap::unsampled(take)
}

fn take() -> Result<Vec<u8>, ProfileError> {
    let live = dump::live()?;
    let period = i64::try_from(live.interval).unwrap_or(i64::MAX);
    let shape = Shape { period, ..SHAPE };
    Ok(match total::now() {
        Some(total) => with_total(&live, total, shape),
        None => live_only(&live, shape),
    }
    .finish(SystemTime::now(), Duration::ZERO))
}

fn live_only(live: &Sampled, shape: Shape) -> RawProfile {
    let values = &VALUES[2..];
    let mut profile = RawProfile::new(Shape { values, ..shape });
    for stack in &live.stacks {
        let now = scale::of_many(stack.objects, stack.bytes, live.interval);
        profile.add(&places(&stack.calls), &now.rounded(), &[]);
    }
    profile
}

fn with_total(live: &Sampled, mut total: Total, shape: Shape) -> RawProfile {
    let mut profile = RawProfile::new(shape);
    for stack in &live.stacks {
        let now = scale::of_many(stack.objects, stack.bytes, live.interval);
        let all = total.take(&stack.calls);
        // What is in use was allocated, also where that is not told apart any more.
        let all = if all.bytes < now.bytes { now } else { all };
        add(&mut profile, &stack.calls, all, now);
    }
    for (calls, all) in total.rest() {
        add(&mut profile, &calls, all, Estimate::NONE);
    }
    profile
}

fn add(profile: &mut RawProfile, calls: &[u64], all: Estimate, now: Estimate) {
    let ([all_objects, all_bytes], [objects, bytes]) = (all.rounded(), now.rounded());
    let values = [all_objects, all_bytes, objects, bytes];
    profile.add(&places(calls), &values, &[]);
}

/// Of a return address the byte before it is of the call.
fn places(calls: &[u64]) -> Vec<u64> {
    calls.iter().map(|call| call.saturating_sub(1)).collect()
}
