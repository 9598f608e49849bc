//! Why there is no profile.

use gaxx_abi::{Fault, abi_std::RVec, fault::kind};
use thiserror::Error;

/// Why there is no profile.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// The order cannot be read.
    #[error("the order cannot be read: {0}")]
    Order(serde_json::Error),
    /// Samples are being taken already.
    #[error("a CPU profile is being taken already")]
    Busy,
}

impl ProfileError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Order(_) => "see `profile` in the documentation of the ABI",
            Self::Busy => "wait until it has ended: there is one at a time",
        }
    }

    fn kind(&self) -> u32 {
        match self {
            Self::Order(_) => kind::PERMANENT,
            Self::Busy => kind::LIMIT,
        }
    }
}

impl From<ProfileError> for Fault {
    fn from(error: ProfileError) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string().into(),
            remedy: error.remedy().into(),
            retry_after: 0,
            attributes: RVec::new(),
        }
    }
}
