//! What is allocated, by stack, and what has been.

mod dump;
mod error;
mod scale;
#[cfg(test)]
mod tests;
mod text;
mod total;

use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use self::scale::Estimate;
use super::{
    ProfileError,
    raw::{RawProfile, Shape},
};
use crate::process::heap;

pub use error::HeapError;
pub use total::watch;

const SHAPE: Shape = Shape {
    values: &[
        ("alloc_objects", "count"),
        ("alloc_space", "bytes"),
        ("inuse_objects", "count"),
        ("inuse_space", "bytes"),
    ],
    default: "inuse_space",
    period_of: ("space", "bytes"),
    period: 0,
    drop_frames: ALLOCATOR,
};

/// The allocator's own functions, which end every stack (as Go's profiles have it, an expression
/// for whole names).
const ALLOCATOR: &str = "(_rjem_)?je_.*|(_rjem_)?(malloc|calloc|realloc|mallocx|rallocx|posix_memalign|\
    aligned_alloc|memalign|valloc)|prof_.*|do_rallocx|imalloc.*|__rustc::__rust_.*|__rust_.*alloc.*|\
    .*tikv_jemallocator::Jemalloc.*";

/// The profile of this process's allocator, compressed.
pub(super) fn profile() -> Result<Vec<u8>, ProfileError> {
    // The allocator writes one at a time.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    heap::unsampled(take)
}

fn take() -> Result<Vec<u8>, ProfileError> {
    let live = dump::live()?;
    let mut total = total::now();
    let period = i64::try_from(live.interval).unwrap_or(i64::MAX);
    let mut profile = RawProfile::new(Shape { period, ..SHAPE });
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
    Ok(profile.finish(SystemTime::now(), Duration::ZERO))
}

fn add(profile: &mut RawProfile, calls: &[u64], all: Estimate, now: Estimate) {
    let ([all_objects, all_bytes], [objects, bytes]) = (all.rounded(), now.rounded());
    // Of a return address the byte before it is of the call.
    let calls: Vec<u64> = calls.iter().map(|call| call.saturating_sub(1)).collect();
    profile.add(&calls, &[all_objects, all_bytes, objects, bytes], &[]);
}
