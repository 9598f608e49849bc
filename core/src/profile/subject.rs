//! Whom one can profile.

use std::time::Duration;

use super::{ProfileError, cpu::Sampling, heap};

/// A process that can be profiled, once.
pub trait Subject: Send {
    /// Begins to sample who uses the CPU, so many times in a second of CPU time.
    fn sample(
        self: Box<Self>,
        hertz: u32,
        within: Duration,
    ) -> Result<Box<dyn Samples>, ProfileError>;
    /// What is allocated, by stack: compressed, in pprof's format.
    fn heap(self: Box<Self>, within: Duration) -> Result<Vec<u8>, ProfileError>;
}

/// Samples that are being taken; dropping them ends that.
pub trait Samples: Send {
    /// Ends it; gives the profile, compressed, in pprof's format.
    fn finish(self: Box<Self>, within: Duration) -> Result<Vec<u8>, ProfileError>;
}

/// This process. It is done when it is done, within a second: there is nobody to wait for.
#[derive(Debug)]
pub struct Own;

impl Subject for Own {
    fn sample(self: Box<Self>, hertz: u32, _: Duration) -> Result<Box<dyn Samples>, ProfileError> {
        Ok(Box::new(Sampling::start(hertz)?))
    }

    fn heap(self: Box<Self>, _: Duration) -> Result<Vec<u8>, ProfileError> {
        heap::profile()
    }
}

impl Samples for Sampling {
    fn finish(self: Box<Self>, _: Duration) -> Result<Vec<u8>, ProfileError> {
        // Its own, which takes it by value.
        Ok((*self).finish())
    }
}
