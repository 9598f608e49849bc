//! Memory that is held.

use std::sync::{Mutex, PoisonError};

/// Size of a piece, in bytes.
const PIECE: usize = 4096;

static HELD: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Takes so many bytes in small pieces, uses them, and keeps them; answers how many pieces are held.
#[inline(never)]
pub(crate) fn leak_pages(bytes: usize) -> usize {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..bytes / PIECE {
        held.push(vec![1; PIECE]);
    }
    held.len()
}

/// Frees all that is held.
pub(crate) fn forget() {
    let held = std::mem::take(&mut *HELD.lock().unwrap_or_else(PoisonError::into_inner));
    drop(held);
}
