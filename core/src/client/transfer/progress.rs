//! What goes on while something is moved.

use std::time::Duration;

use super::TransferError;

/// A step of a transfer.
#[derive(Debug)]
pub enum Step<'a> {
    /// A local file is read for its digest; so many bytes.
    Hashing(u64),
    /// Bytes are moved: so many in all where that is known, and so many that are there already.
    Moving {
        /// All of them.
        total: Option<u64>,
        /// Those that are there.
        there: u64,
    },
    /// The digests of both ends are compared.
    Verifying,
    /// It is tried again after a while.
    Again {
        /// Why.
        error: &'a TransferError,
        /// After what time.
        wait: Duration,
    },
    /// Something that cannot be moved is left out: neither file, folder nor link.
    LeftOut(&'a std::path::Path),
}

/// Whom a transfer tells what it does. Called from several threads, and must not wait.
pub trait Progress: Send + Sync {
    /// A step begins.
    fn step(&self, step: Step<'_>);
    /// So many more bytes of the step are done.
    fn done(&self, bytes: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _: Step<'_>) {}
    fn done(&self, _: u64) {}
}
