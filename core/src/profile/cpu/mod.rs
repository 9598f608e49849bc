//! Samples of who uses the CPU.

use super::ProfileError;

/// Samples that are being taken; dropping it ends that.
#[derive(Debug)]
pub(super) struct Sampling {}

impl Sampling {
    /// Begins. There is one at a time in a process.
    pub(super) fn start(_hertz: u32) -> Result<Self, ProfileError> {
        Err(ProfileError::Busy)
    }

    /// Ends it; gives the profile, compressed.
    pub(super) fn finish(self) -> Vec<u8> {
        Vec::new()
    }
}
